import type { ServerResponse } from 'node:http'
import { SECURITY_HEADERS } from '../http/headers.ts'
import { requestIdOf } from '../http/request-id.ts'
import type { Reply } from './rpc.ts'

/** The headers of every answer, flat, as `writeHead` takes them fastest. */
export const BASE_HEADERS: readonly string[] = Object.entries(SECURITY_HEADERS).flat()

const JSON_HEADERS: readonly string[] = [...BASE_HEADERS, 'Content-Type', 'application/json', 'Content-Length']

/** Sends one whole answer, under the id of its request. */
export function send(res: ServerResponse, reply: Reply): void {
  if (res.headersSent || res.destroyed) return
  const { status, body, kept, headers = [] } = reply
  const id = requestIdOf(res.req)
  if (body === undefined) {
    res.writeHead(status, [...BASE_HEADERS, 'Content-Length', '0', 'X-Request-ID', id, ...headers])
    res.end()
    return
  }
  const length = Buffer.byteLength(body) + (kept === undefined ? 0 : kept.bytes.length + Buffer.byteLength(kept.tail))
  res.writeHead(status, [...JSON_HEADERS, String(length), 'X-Request-ID', id, ...headers])
  if (kept === undefined) {
    res.end(body)
    return
  }
  res.write(body)
  res.write(kept.bytes)
  res.end(kept.tail)
}
