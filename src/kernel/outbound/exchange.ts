import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Failure } from '../failure.ts'
import { readBody } from './read-body.ts'
import { unreachable } from './target.ts'
import type { Target } from './target.ts'

/** One request to one checked target. */
export interface HopRequest {
  readonly target: Target
  readonly method: 'GET' | 'POST'
  readonly headers: Headers
  readonly body?: string | Uint8Array
  readonly accept: readonly string[]
  readonly connectSeconds: number
  readonly signal: AbortSignal
}

/** The same with a bound for its answer, which is read whole. */
export interface Hop extends HopRequest {
  readonly bytesMax: number
}

const HEADER_BYTES_MAX = 16 * 1024

/** Sends the request on a connection of its own and reads the answer within its bounds. */
export async function exchange(hop: Hop): Promise<{ status: number; headers: Headers; body: Uint8Array }> {
  const { url } = hop.target
  const res = await answerOf(hop, 'gzip, deflate, br')
  const status = res.statusCode ?? 0
  const headers = headersOf(res)
  try {
    if (status >= 200 && status < 300) requireMediaType(url, headers, hop.accept)
    if (status >= 300 && status < 400) return { status, headers, body: new Uint8Array() }
    return { status, headers, body: await readBody(res, url, hop.bytesMax) }
  } finally {
    res.destroy()
  }
}

/** The answer as soon as its headers are there, in one of these encodings. Its reader destroys it. */
export function answerOf(hop: HopRequest, encodings: string): Promise<IncomingMessage> {
  const { url } = hop.target
  const options = optionsOf(hop, encodings)
  return new Promise((resolve, reject) => {
    const req = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options)
    limitConnect(req, hop)
    req.once('response', resolve)
    // An answer that switches protocols or ends early closes without a response.
    req.once('close', () => reject(unreachable(url)))
    req.on('error', (error) => reject(unreachable(url, error)))
    req.end(hop.body)
  })
}

function optionsOf({ target, method, headers, accept, body, signal }: HopRequest, encodings: string): RequestOptions {
  const sent = new Headers(headers)
  sent.set('host', target.url.host)
  sent.set('accept', accept.join(', '))
  sent.set('accept-encoding', encodings)
  sent.set('user-agent', 'plimsoll')
  if (body !== undefined) sent.set('content-length', String(Buffer.byteLength(body)))
  return {
    method,
    headers: Object.fromEntries(sent),
    signal,
    lookup: pinned(target),
    // No pool: a connection that was opened for another answer of the name server is never used again.
    agent: false,
    maxHeaderSize: HEADER_BYTES_MAX,
  }
}

/** Answers with what was checked, whatever the name server would say by now. */
function pinned({ addresses }: Target): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses
    if (all === true || first === undefined) callback(null, [...addresses])
    else callback(null, first.address, first.family)
  }
}

function limitConnect(req: ClientRequest, { target: { url }, connectSeconds }: HopRequest): void {
  const timer = setTimeout(
    () => req.destroy(new Error(`no connection within ${connectSeconds} s`)),
    connectSeconds * 1000,
  )
  const stop = () => clearTimeout(timer)
  req.once('close', stop)
  req.once('socket', (socket) => socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', stop))
}

export function headersOf(res: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(res.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

/** Throws for an answer of a type that was not asked for. */
export function requireMediaType(url: URL, headers: Headers, accept: readonly string[]): void {
  const type = (headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isJson = accept.includes('application/json') && /^application\/[\w.-]+\+json$/.test(type)
  if (accept.includes(type) || isJson) return
  throw new Failure('upstream', `The server at ${url.host} did not answer with ${accept.join(' or ')}.`)
}
