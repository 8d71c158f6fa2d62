import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'
import type { TraceCarrier } from '#kernel/telemetry/tracing'
import { requestIdOf } from '../http/request-id.ts'
import type { AuthenticatedRequest, CountCall } from './authenticated-request.ts'
import { refusal } from './challenge.ts'
import type { Dispatch } from './dispatch.ts'
import { eraOf, legacyEra } from './era.ts'
import type { Era } from './era.ts'
import { eventStream } from './event-stream.ts'
import type { EventStream } from './event-stream.ts'
import type { Exchange } from './exchange.ts'
import { ACCEPTED, RPC, RpcError, bodyText, errorReply, isRecord, readMessage } from './rpc.ts'
import type { Reply, RpcMessage } from './rpc.ts'
import type { SdkHandlers } from './sdk-handlers.ts'
import { send } from './send.ts'
import { inSession, openSession, opensSession } from './session-requests.ts'
import type { RunningCalls } from './running-calls.ts'
import type { Sessions } from './sessions.ts'
import type { ToolCalls } from './tool-call.ts'

export interface AnswerParts {
  readonly countCall: CountCall
  readonly dispatch: Dispatch
  readonly toolCalls: ToolCalls
  readonly sessions: Sessions
  readonly sdk: SdkHandlers
  /** The registry of running calls. */
  readonly running: RunningCalls
}

/** Answers one message. Rejects with `RpcError` or `Failure` only while nothing was sent yet. */
export async function answerMessage(parts: AnswerParts, request: AuthenticatedRequest, body: unknown): Promise<void> {
  const { req, res, endpoint, accepted } = request
  const message = readMessage(body)
  if (message === 'response') return inSession(parts.sessions, request, body)
  const era = eraOf(message, req.headers)
  const counting = parts.countCall(request)
  if (counting !== undefined) await counting
  if (!era.modern && req.headers['mcp-session-id'] !== undefined) {
    if (message.method === 'tools/call') parts.toolCalls.admit(request, message)
    return inSession(parts.sessions, request, body)
  }
  if (accepted !== 'json' && opensSession(endpoint, era, message)) return openSession(parts.sessions, request, body)
  const stream = accepted === 'stream' || wantsNotices(message) ? eventStream(res, accepted !== 'json') : undefined
  const exchange = exchangeOf(request, era, traceOf(message, req), stream)
  const { controller } = exchange
  if (era.modern) res.once('close', () => res.writableFinished || controller.abort())
  parts.running.add(controller)
  try {
    const reply = parts.dispatch(exchange, message)
    if (reply !== undefined) return finish(request, await reply, stream)
  } catch (error) {
    if (stream?.open !== true) throw error
    return finish(request, errorReply(message.id, asRpcError(error)), stream)
  } finally {
    parts.running.remove(controller)
  }
  if (message.method === SUBSCRIBE) return parts.sdk.handle(request, body)
  finish(request, await parts.sdk.answer(request, body), stream)
}

/** The one request whose response is always a stream. */
const SUBSCRIBE = 'subscriptions/listen'
const BATCH_MAX = 100

/** Answers a JSON-RPC batch, which only revision 2025-03-26 allows. */
export async function answerBatch(
  parts: AnswerParts,
  request: AuthenticatedRequest,
  bodies: readonly unknown[],
): Promise<void> {
  const { req, res } = request
  const header = req.headers['mcp-protocol-version']
  const era = legacyEra(typeof header === 'string' ? header.trim() : undefined)
  if (era.version !== '2025-03-26') throw invalidBatch(`${era.version} has no batches`)
  if (bodies.length === 0 || bodies.length > BATCH_MAX) throw invalidBatch(`a batch holds 1 to ${BATCH_MAX} messages`)
  const replies = await Promise.all(bodies.map((body) => answerInBatch(parts, request, era, body)))
  const bodiesOut = replies.flatMap((reply) => (reply.body === undefined ? [] : [bodyText(reply)]))
  send(res, bodiesOut.length === 0 ? ACCEPTED : { status: 200, body: `[${bodiesOut.join(',')}]` }, request.rate)
}

async function answerInBatch(
  parts: AnswerParts,
  request: AuthenticatedRequest,
  era: Era,
  body: unknown,
): Promise<Reply> {
  const id = isRecord(body) && typeof body['id'] !== 'object' ? body['id'] : undefined
  const exchange = exchangeOf(request, era, request.req.headers, undefined)
  parts.running.add(exchange.controller)
  try {
    const message = readMessage(body)
    if (message === 'response') return ACCEPTED
    if (message.method === 'initialize') throw invalidBatch('initialize comes alone')
    await parts.countCall(request)
    const reply = await parts.dispatch(exchange, message)
    return reply ?? (await parts.sdk.answer(request, body))
  } catch (error) {
    return errorReply(typeof id === 'string' || typeof id === 'number' ? id : undefined, asRpcError(error))
  } finally {
    parts.running.remove(exchange.controller)
  }
}

function exchangeOf(
  request: AuthenticatedRequest,
  era: Era,
  trace: TraceCarrier,
  notices: EventStream | undefined,
): Exchange {
  const { req, endpoint, principal } = request
  const controller = new AbortController()
  const requestId = requestIdOf(req)
  return notices === undefined
    ? { endpoint, principal, era, requestId, controller, trace }
    : { endpoint, principal, era, requestId, controller, trace, notices }
}

/** The caller's trace context: from `_meta` (2026-07-28), else from the HTTP headers. */
function traceOf(message: RpcMessage, req: IncomingMessage): TraceCarrier {
  const meta = message.params['_meta']
  return isRecord(meta) && 'traceparent' in meta ? meta : req.headers
}

/** Whether the caller asked for notifications before the result: progress or log messages. */
function wantsNotices({ params }: RpcMessage): boolean {
  const meta = params['_meta']
  return isRecord(meta) && ('progressToken' in meta || 'io.modelcontextprotocol/logLevel' in meta)
}

function finish({ res, rate, accepted }: AuthenticatedRequest, reply: Reply, stream: EventStream | undefined): void {
  const isEvent = stream?.open === true || (accepted === 'stream' && reply.body !== undefined)
  if (isEvent) stream?.end(bodyText(reply))
  else send(res, reply, rate)
}

function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  if (error instanceof Failure) return refusal(error)
  return new RpcError(500, RPC.internal, 'Internal error')
}

function invalidBatch(why: string): RpcError {
  return new RpcError(400, RPC.invalidRequest, `Invalid Request: ${why}.`)
}
