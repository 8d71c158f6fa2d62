import type { ServerResponse } from 'node:http'
import { SECURITY_HEADERS } from '../http/headers.ts'
import type { Reply } from './rpc.ts'

/** The headers of every answer, flat, as `writeHead` takes them fastest. */
export const BASE_HEADERS: readonly string[] = Object.entries(SECURITY_HEADERS).flat()

const JSON_HEADERS: readonly string[] = [...BASE_HEADERS, 'Content-Type', 'application/json', 'Content-Length']

/** Sends one whole answer. */
export function send(res: ServerResponse, reply: Reply): void {
  if (res.headersSent || res.destroyed) return
  const { status, body, headers } = reply
  if (body === undefined) {
    res.writeHead(status, [...BASE_HEADERS, 'Content-Length', '0', ...(headers ?? [])])
    res.end()
    return
  }
  const bytes = String(typeof body === 'string' ? Buffer.byteLength(body) : body.length)
  const all =
    headers === undefined || headers.length === 0 ? [...JSON_HEADERS, bytes] : [...JSON_HEADERS, bytes, ...headers]
  res.writeHead(status, all)
  res.end(body)
}
