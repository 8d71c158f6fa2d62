import type { ServerResponse } from 'node:http'
import type { RateState } from '#kernel/calls/limits'
import { SECURITY_HEADERS, setSecurityHeaders } from '../http/headers.ts'
import { requestIdOf } from '../http/request-id.ts'
import type { Reply } from './rpc.ts'

/** The headers of every answer as a flat list, the fastest form for `writeHead`. */
export const BASE_HEADERS: readonly string[] = Object.entries(SECURITY_HEADERS).flat()

const JSON_HEADERS: readonly string[] = [...BASE_HEADERS, 'Content-Type', 'application/json', 'Content-Length']

/**
 * The rate-limit headers as a flat list; empty when limits are off. As in REST answers, the reset time is in seconds
 * since 1970.
 */
export function rateHeaders({ limit, remaining, resetSeconds }: RateState, now: Date): readonly string[] {
  if (limit === Infinity) return []
  const reset = Math.ceil(now.getTime() / 1000) + resetSeconds
  return [
    'X-RateLimit-Limit',
    String(limit),
    'X-RateLimit-Remaining',
    String(remaining),
    'X-RateLimit-Reset',
    String(reset),
  ]
}

/** Sets the common headers on an answer that the SDK writes. */
export function setAnswerHeaders(res: ServerResponse, rate: readonly string[]): void {
  setSecurityHeaders(res)
  res.setHeader('X-Request-ID', requestIdOf(res.req))
  for (let at = 0; at < rate.length; at += 2) res.setHeader(rate[at] ?? '', rate[at + 1] ?? '')
}

/** Sends a complete answer with the request id. `rate` comes from `rateHeaders`. */
export function send(res: ServerResponse, reply: Reply, rate: readonly string[] = []): void {
  if (res.headersSent || res.destroyed) return
  const { status, body, kept, headers = [] } = reply
  const id = requestIdOf(res.req)
  if (body === undefined) {
    res.writeHead(status, [...BASE_HEADERS, 'Content-Length', '0', 'X-Request-ID', id, ...rate, ...headers])
    res.end()
    return
  }
  const length = Buffer.byteLength(body) + (kept === undefined ? 0 : kept.bytes.length + Buffer.byteLength(kept.tail))
  res.writeHead(status, [...JSON_HEADERS, String(length), 'X-Request-ID', id, ...rate, ...headers])
  if (kept === undefined) {
    res.end(body)
    return
  }
  res.write(body)
  res.write(kept.bytes)
  res.end(kept.tail)
}
