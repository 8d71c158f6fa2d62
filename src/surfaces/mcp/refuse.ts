import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import { addressBucket } from '#kernel/network/address'
import { Failure } from '#kernel/failure'
import { OverLimit } from '#kernel/calls/limits'
import type { Limiter } from '#kernel/calls/limits'
import { insufficientScope, refusal, unauthenticated } from './challenge.ts'
import type { Endpoint } from './endpoint.ts'
import { RPC, RpcError, errorReply } from './rpc.ts'
import type { RpcId } from './rpc.ts'
import { rateHeaders, send } from './send.ts'

/** Answers a request with an error that is safe to show to the caller. Never throws. */
export type Refuse = (
  req: IncomingMessage,
  res: ServerResponse,
  endpoint: Endpoint,
  error: unknown,
  id?: RpcId,
  /** The caller's rate-limit headers, if the request was counted before it was refused. */
  rate?: readonly string[],
) => void

export interface RefuseParts {
  readonly limiter: Limiter
  readonly clock: Clock
  readonly log: Logger
  readonly clientAddress: (req: IncomingMessage) => string
  readonly publicUrlOf: (req: IncomingMessage) => string
}

export function refusals(parts: RefuseParts): Refuse {
  const { limiter, clock, log, clientAddress, publicUrlOf } = parts
  /** Unauthenticated requests count by address, so that keys cannot be guessed at speed. */
  const countStranger = async (req: IncomingMessage, failure: Failure): Promise<Failure> => {
    try {
      await limiter.take('ip', addressBucket(clientAddress(req)))
      return failure
    } catch (error) {
      return error instanceof Failure ? error : failure
    }
  }
  const rpcErrorOf = async (req: IncomingMessage, endpoint: Endpoint, error: unknown): Promise<RpcError> => {
    if (error instanceof RpcError) return error
    if (!(error instanceof Failure)) return unexpected(error, log)
    const failure = error.kind === 'unauthenticated' ? await countStranger(req, error) : error
    const at = () => ({ endpoint, publicUrl: publicUrlOf(req), url: req.url ?? '' })
    if (failure.kind === 'unauthenticated') {
      return unauthenticated(failure, at(), req.headers.authorization !== undefined)
    }
    if (failure.kind === 'forbidden' && failure.scopesNeeded.length > 0) return insufficientScope(failure, at())
    if (failure instanceof OverLimit) return refusal(failure, rateHeaders(failure.rate, clock()))
    if (failure.kind === 'method_not_allowed') return refusal(failure, ['Allow', 'POST'])
    if (failure.code === 'ENCODING_NOT_ACCEPTED') return refusal(failure, ['Accept-Encoding', 'identity'])
    return failure.kind === 'too_large' ? refusal(failure, ['Connection', 'close']) : refusal(failure)
  }
  return (req, res, endpoint, error, id, rate) => {
    rpcErrorOf(req, endpoint, error)
      .catch((cause: unknown) => unexpected(cause, log))
      .then((refused) => {
        req.resume()
        send(res, errorReply(id, refused), refused.status === 429 ? [] : rate)
      })
      .catch((cause: unknown) => {
        log.error({ err: cause }, 'mcp refusal could not be sent')
        res.destroy()
      })
  }
}

function unexpected(error: unknown, log: Logger): RpcError {
  const errorId = randomUUID()
  log.error({ err: error, errorId }, 'mcp request failed unexpectedly')
  return new RpcError(500, RPC.internal, 'Internal error', { data: { errorId } })
}
