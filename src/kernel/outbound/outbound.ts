import { Failure } from '../failure.ts'
import { exchange } from './exchange.ts'
import type { Hop } from './exchange.ts'
import type { OutboundCall } from './outbound-call.ts'
import { isRedirect, redirected } from './redirect.ts'
import { outboundStreams } from './stream.ts'
import type { OutboundStreams } from './stream.ts'
import { hostOf, systemResolve, targetOf, urlOf } from './target.ts'
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
 * Calls URLs that users named, and nothing behind this server's back: https only, public addresses only, connected to the
 * very address that was checked. Throws `Failure('invalid')` for a URL that may not be called, `Failure('upstream')` for a
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
  /** Default: the system's. Asked once for each hop. */
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
  const connectSeconds = options.connectSeconds ?? 5
  const observe = options.observe ?? (() => undefined)
  const call = async (request: OutboundRequest): Promise<OutboundAnswer> => {
    const { integration, endpoint } = request
    const startedAt = performance.now()
    const host = hostOf(request.url)
    const tell = (status: string) =>
      observe({ integration, endpoint, host, status, seconds: (performance.now() - startedAt) / 1000 })
    const limit = deadline(host, request)
    try {
      const answer = await limit.race((signal) =>
        follow(request, async (url, headers) => {
          const target = await targetOf(url, rules)
          return exchange({ ...hopOf(request), target, headers, connectSeconds, signal })
        }),
      )
      tell(`${Math.floor(answer.status / 100)}xx`)
      return answer
    } catch (error) {
      tell(error instanceof Failure ? error.kind : 'bug')
      throw error
    } finally {
      limit.over()
    }
  }
  return Object.assign(call, { stream: outboundStreams({ rules, connectSeconds, observe }) })
}

type Call = (url: URL, headers: Headers) => Promise<Omit<OutboundAnswer, 'url'>>

async function follow(request: OutboundRequest, call: Call): Promise<OutboundAnswer> {
  const { redirectsMax = 0, method = 'GET' } = request
  const headers = new Headers(request.headers)
  let url = urlOf(request.url)
  for (let hops = 0; ; hops += 1) {
    const answer = await call(url, headers)
    if (!isRedirect(answer.status)) return { ...answer, url: url.href }
    const location = answer.headers.get('location') ?? ''
    if (method !== 'GET' || hops >= redirectsMax || !URL.canParse(location, url.href)) {
      throw redirected(url)
    }
    const next = new URL(location, url)
    if (next.origin !== url.origin) for (const name of ['authorization', 'cookie']) headers.delete(name)
    url = next
  }
}

function hopOf({
  method = 'GET',
  body,
  accept,
  bytesMax,
}: OutboundRequest): Omit<Hop, 'target' | 'headers' | 'connectSeconds' | 'signal'> {
  return { method, accept, bytesMax, ...(body !== undefined && { body }) }
}

/** Ends the work at the deadline or when the caller leaves, even where the work does not listen. */
function deadline(host: string, { timeoutSeconds = 10, signal }: OutboundRequest) {
  const controller = new AbortController()
  const late = () =>
    controller.abort(new Failure('upstream', `The server at ${host} did not answer within ${timeoutSeconds} seconds.`))
  const left = () => controller.abort(new Failure('cancelled', 'The call was cancelled.', { cause: signal?.reason }))
  const timer = setTimeout(late, timeoutSeconds * 1000)
  if (signal?.aborted === true) left()
  signal?.addEventListener('abort', left, { once: true })
  return {
    async race<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
      controller.signal.throwIfAborted()
      const ended = Promise.withResolvers<never>()
      const end = () => ended.reject(controller.signal.reason)
      controller.signal.addEventListener('abort', end, { once: true })
      return Promise.race([ended.promise, work(controller.signal)])
    },
    over() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', left)
    },
  }
}
