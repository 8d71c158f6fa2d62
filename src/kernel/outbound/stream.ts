import type { IncomingMessage } from 'node:http'
import { within } from '../calls/deadline.ts'
import { Failure } from '../failure.ts'
import { encodingOf } from '../network/content-encoding.ts'
import { answerOf, headersOf, requireMediaType } from './exchange.ts'
import type { OutboundCall } from './outbound-call.ts'
import { tooLarge, unreadable, wrongEncoding } from './read-body.ts'
import { isRedirect, redirected } from './redirect.ts'
import { hostOf, targetOf, urlOf } from './target.ts'
import type { TargetRules } from './target.ts'

/** One call whose answer is read as it comes. */
export interface OutboundStreamRequest {
  readonly url: string
  /** Who is called and for what, for metrics and the audit trail. Never the URL. */
  readonly integration: string
  readonly endpoint: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Media types taken of a 2xx answer; `application/json` stands for every `+json` type too. */
  readonly accept: readonly string[]
  /** Until the headers of the answer are there, names and connection included. Default: 60. */
  readonly headersSeconds?: number
  /** Until the next part of the body, from when it is asked for. Default: 60. */
  readonly idleSeconds?: number
  /** Most bytes of the body. Default: no bound. */
  readonly bytesMax?: number
  /** Ends the call, and closes its connection, at any time. */
  readonly signal?: AbortSignal
}

/** The answer, whatever its status, with its body on the way. */
export interface OutboundStream {
  readonly status: number
  readonly headers: Headers
  /**
   * The body in parts as they arrive, read once and no faster than asked for. Throws `Failure('upstream')` when it breaks
   * off or stays away, and `Failure('cancelled')`. Leaving the loop closes the connection.
   */
  readonly body: AsyncIterable<Uint8Array>
  /** Closes the connection of a body that is not read to its end. */
  close(): void
}

export type OutboundStreams = (request: OutboundStreamRequest) => Promise<OutboundStream>

interface StreamParts {
  readonly rules: TargetRules
  readonly connectSeconds: number
  readonly observe: (call: OutboundCall) => void
}

const SECONDS = 60

export function outboundStreams(parts: StreamParts): OutboundStreams {
  return async (request) => {
    const { headersSeconds = SECONDS, signal } = request
    const host = hostOf(request.url)
    const tell = observer(parts, request, host)
    const controller = new AbortController()
    const left = () => controller.abort(new Failure('cancelled', 'The call was cancelled.', { cause: signal?.reason }))
    if (signal?.aborted === true) left()
    signal?.addEventListener('abort', left, { once: true })
    const over = (status: string) => {
      signal?.removeEventListener('abort', left)
      tell(status)
    }
    try {
      const late = () => silent(host, headersSeconds)
      const res = await within(controller, headersSeconds, late, () => begin(parts, request, controller.signal))
      return streamOf(res, request, { host, controller, over })
    } catch (error) {
      over(error instanceof Failure ? error.kind : 'bug')
      throw error
    }
  }
}

/** The answer with its headers, refused unless it is one that was asked for. */
async function begin(
  { rules, connectSeconds }: StreamParts,
  { url: text, method = 'GET', headers, body, accept }: OutboundStreamRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const target = await targetOf(urlOf(text), rules)
  const { url } = target
  const hop = { target, method, headers: new Headers(headers), accept, connectSeconds, signal }
  // Compressed, the parts would wait for each other.
  const res = await answerOf({ ...hop, ...(body !== undefined && { body }) }, 'identity')
  try {
    const { statusCode = 0 } = res
    if (isRedirect(statusCode)) throw redirected(url)
    if (statusCode >= 200 && statusCode < 300) requireMediaType(url, headersOf(res), accept)
    if (encodingOf(res.headers) !== undefined) throw wrongEncoding(url)
    return res
  } catch (error) {
    res.destroy()
    throw error
  }
}

interface Reading {
  readonly host: string
  readonly controller: AbortController
  readonly over: (status: string) => void
}

function streamOf(res: IncomingMessage, request: OutboundStreamRequest, reading: Reading): OutboundStream {
  const { statusCode: status = 0 } = res
  const close = () => {
    res.destroy()
    reading.over(`${Math.floor(status / 100)}xx`)
  }
  return { status, headers: headersOf(res), body: partsOf(res, request, reading, close), close }
}

async function* partsOf(
  res: IncomingMessage,
  { url: text, idleSeconds = SECONDS, bytesMax = Infinity }: OutboundStreamRequest,
  { host, controller, over }: Reading,
  close: () => void,
): AsyncGenerator<Uint8Array> {
  const url = urlOf(text)
  // safe because: without an encoding set, the parts of an answer are buffers.
  const parts = res[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let bytes = 0
  try {
    for (;;) {
      const next = await within(
        controller,
        idleSeconds,
        () => silent(host, idleSeconds),
        async () => parts.next(),
      )
      if (next.done === true) return
      bytes += next.value.length
      if (bytes > bytesMax) throw tooLarge(url, bytesMax)
      yield next.value
    }
  } catch (error) {
    const failure = error instanceof Failure ? error : unreadable(url, error)
    over(failure.kind)
    throw failure
  } finally {
    close()
  }
}

function silent(host: string, seconds: number): Failure {
  return new Failure('upstream', `The server at ${host} sent nothing for ${seconds} seconds.`)
}

/** Tells how a call went once, with the time to its end. */
function observer({ observe }: StreamParts, { integration, endpoint }: OutboundStreamRequest, host: string) {
  const startedAt = performance.now()
  let isTold = false
  return (status: string): void => {
    if (isTold) return
    isTold = true
    observe({ integration, endpoint, host, status, seconds: (performance.now() - startedAt) / 1000 })
  }
}
