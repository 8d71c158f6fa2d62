import { within } from '../calls/deadline.ts'
import { Failure } from '../failure.ts'
import { openConnections } from './connections.ts'
import { send } from './exchange.ts'
import type { Wire } from './exchange.ts'
import { startCall } from './outbound-call.ts'
import type { OutboundCall } from './outbound-call.ts'
import { readBody } from './read-body.ts'
import { isRedirect, redirected } from './redirect.ts'
import { outboundStreams } from './stream.ts'
import type { OutboundStreams } from './stream.ts'
import { systemResolve, urlOf } from './target.ts'
import type { Resolve } from './target.ts'

/** One call of a URL that a user named. */
export interface OutboundRequest {
  readonly url: string
  /** Who is called and for what, for metrics and the audit trail: `oauth-client`, `metadata`. Never the URL. */
  readonly integration: string
  readonly endpoint: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Media types taken; `application/json` stands for every `+json` type too. A 2xx answer of another is refused. */
  readonly accept: readonly string[]
  /** Most bytes of the answer's body, as sent and as decoded. */
  readonly bytesMax: number
  /** For everything: names, connections, redirects and the body. Default: 10. */
  readonly timeoutSeconds?: number
  /** Redirects of a GET that are followed, each checked like the first URL; at most 3. Default: none. */
  readonly redirectsMax?: 0 | 1 | 2 | 3
  readonly signal?: AbortSignal
}

/** The answer, whatever its status. */
export interface OutboundAnswer {
  readonly status: number
  /** Where it came from in the end. */
  readonly url: string
  readonly headers: Headers
  readonly body: Uint8Array
}

/**
 * The HTTP client for URLs that users named: https only, public addresses only, each connection to an address that was
 * checked when it was opened. Connections are kept open for the next call of the same origin. Throws `Failure('invalid')` for a URL that may not be called, `Failure('upstream')` for a
 * server that cannot be reached, is late, answers too much or in another form, and `Failure('cancelled')`.
 */
export interface Outbound {
  (request: OutboundRequest): Promise<OutboundAnswer>
  /** The same for an answer that is read as it comes, under the same rules. Redirects are never followed. */
  readonly stream: OutboundStreams
}

export interface OutboundOptions {
  /** Lets calls go to this machine too, in plain HTTP and to any port: for development and tests. */
  readonly allowLoopback?: boolean
  /** Default: 443 and 8443. */
  readonly ports?: readonly number[]
  /** Default: the system's. Asked once for each new connection. */
  readonly resolve?: Resolve
  /** Default: 5. */
  readonly connectSeconds?: number
  readonly observe?: (call: OutboundCall) => void
}

export function createOutbound(options: OutboundOptions = {}): Outbound {
  const rules = {
    allowLoopback: options.allowLoopback ?? false,
    ports: options.ports ?? [443, 8443],
    resolve: options.resolve ?? systemResolve,
  }
  const wire = { rules, connections: openConnections(rules, options.connectSeconds ?? 5) }
  const observe = options.observe ?? (() => undefined)
  const call = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const { timeoutSeconds = 10 } = request
    const { host, controller, end } = startCall(observe, request)
    const late = () => new Failure('upstream', `The server at ${host} did not answer within ${timeoutSeconds} seconds.`)
    try {
      const answer = await within(controller, timeoutSeconds, late, () => follow(wire, request, controller.signal))
      end(answer.status)
      return answer
    } catch (error) {
      end(error)
      throw error
    }
  }
  return Object.assign(call, { stream: outboundStreams(wire, observe) })
}

async function follow(wire: Wire, request: OutboundRequest, signal: AbortSignal): Promise<OutboundAnswer> {
  const { redirectsMax = 0, method = 'GET', body, accept, bytesMax } = request
  const headers = new Headers(request.headers)
  let url = urlOf(request.url)
  for (let hops = 0; ; hops += 1) {
    const answer = await send(wire, { url, method, headers, body, accept, encodings: 'gzip, deflate, br', signal })
    try {
      const { status } = answer
      if (!isRedirect(status)) {
        return { status, url: url.href, headers: answer.headers, body: await readBody(answer, url, bytesMax) }
      }
    } finally {
      answer.body.destroy()
    }
    const location = answer.headers.get('location') ?? ''
    if (method !== 'GET' || hops >= redirectsMax || !URL.canParse(location, url.href)) throw redirected(url)
    const next = new URL(location, url)
    if (next.origin !== url.origin) for (const name of ['authorization', 'cookie']) headers.delete(name)
    url = next
  }
}
