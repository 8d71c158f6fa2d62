import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { Failure } from '../failure.ts'
import type { Connections } from './connections.ts'
import { requireUrl, unreachable } from './target.ts'
import type { TargetRules } from './target.ts'

/** What a call needs beside its request. */
export interface Wire {
  readonly rules: TargetRules
  readonly connections: Connections
}

/** One request to one URL. */
export interface Exchange {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly headers: Headers
  readonly body: string | Uint8Array | undefined
  readonly accept: readonly string[]
  /** The encodings of the answer's body that are taken. */
  readonly encodings: string
  readonly signal: AbortSignal
}

/** The answer once its headers are there. Whoever does not read its body to the end destroys it. */
export interface Arrived {
  readonly status: number
  readonly headers: Headers
  readonly body: Readable
}

/** Sends a request. Throws `Failure('invalid')` for a URL that may not be called, `Failure('upstream')` for no answer. */
export async function send({ rules, connections }: Wire, request: Exchange): Promise<Arrived> {
  const { url, method, body, signal, accept } = request
  requireUrl(url, rules)
  const answer = await (await connections())
    .request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      signal,
      headers: sentHeaders(request),
      body: body ?? null,
    })
    .catch((error: unknown) => {
      throw error instanceof Failure ? error : unreachable(url, error)
    })
  // A destroyed body tells it to whoever reads; without a listener it would be an uncaught error.
  answer.body.on('error', () => undefined)
  const headers = receivedHeaders(answer)
  const status = answer.statusCode
  if (status >= 200 && status < 300 && !isAccepted(headers, accept)) {
    answer.body.destroy()
    throw new Failure('upstream', `The server at ${url.host} did not answer with ${accept.join(' or ')}.`)
  }
  return { status, headers, body: answer.body }
}

function sentHeaders({ url, headers, accept, encodings }: Exchange): Record<string, string> {
  const sent = new Headers(headers)
  sent.delete('content-length')
  sent.set('host', url.host)
  sent.set('accept', accept.join(', '))
  sent.set('accept-encoding', encodings)
  sent.set('user-agent', 'plimsoll')
  return Object.fromEntries(sent)
}

function receivedHeaders({ headers }: Dispatcher.ResponseData): Headers {
  const received = new Headers()
  for (const [name, values = []] of Object.entries(headers)) {
    for (const value of [values].flat()) received.append(name, value)
  }
  return received
}

function isAccepted(headers: Headers, accept: readonly string[]): boolean {
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isJson = accept.includes('application/json') && /^application\/[\w.-]+\+json$/.test(type)
  return accept.includes(type) || isJson
}
