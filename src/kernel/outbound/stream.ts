import type { Readable } from 'node:stream'
import { within } from '../calls/deadline.ts'
import { Failure } from '../failure.ts'
import { encodingOf } from '../network/content-encoding.ts'
import { send } from './exchange.ts'
import type { Arrived, Wire } from './exchange.ts'
import { startCall } from './outbound-call.ts'
import type { OutboundCall, StartedCall } from './outbound-call.ts'
import { tooLarge, unreadable, wrongEncoding } from './read-body.ts'
import { isRedirect, redirected } from './redirect.ts'
import { urlOf } from './target.ts'

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

const SECONDS = 60

export function outboundStreams(wire: Wire, observe: (call: OutboundCall) => void): OutboundStreams {
  return async (request) => {
    const { headersSeconds = SECONDS } = request
    const call = startCall(observe, request)
    const { host, controller } = call
    try {
      const late = () => silent(host, headersSeconds)
      const answer = await within(controller, headersSeconds, late, () => begin(wire, request, controller.signal))
      return streamOf(answer, request, call)
    } catch (error) {
      call.end(error)
      throw error
    }
  }
}

/** The answer with its headers, refused unless it is one that was asked for. */
async function begin(wire: Wire, request: OutboundStreamRequest, signal: AbortSignal): Promise<Arrived> {
  const { method = 'GET', body, accept } = request
  const url = urlOf(request.url)
  const headers = new Headers(request.headers)
  // Compressed, the parts would wait for each other.
  const answer = await send(wire, { url, method, headers, body, accept, encodings: 'identity', signal })
  try {
    if (isRedirect(answer.status)) throw redirected(url)
    if (encodingOf(answer.headers.get('content-encoding')) !== undefined) throw wrongEncoding(url)
    return answer
  } catch (error) {
    answer.body.destroy()
    throw error
  }
}

function streamOf(
  { status, headers, body }: Arrived,
  request: OutboundStreamRequest,
  call: StartedCall,
): OutboundStream {
  const close = () => {
    // A body that was read to its end leaves its connection to the next call.
    body.destroy()
    call.end(status)
  }
  return { status, headers, body: partsOf(body, request, call, close), close }
}

async function* partsOf(
  body: Readable,
  { url: text, idleSeconds = SECONDS, bytesMax = Infinity }: OutboundStreamRequest,
  { host, controller, end }: StartedCall,
  close: () => void,
): AsyncGenerator<Uint8Array> {
  const url = urlOf(text)
  // safe because: without an encoding set, the parts of an answer are buffers.
  const parts = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
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
    end(failure)
    throw failure
  } finally {
    close()
  }
}

function silent(host: string, seconds: number): Failure {
  return new Failure('upstream', `The server at ${host} sent nothing for ${seconds} seconds.`)
}
