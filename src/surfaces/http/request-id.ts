import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const SANE = /^[\w.:/+=-]{1,128}$/

/** The request id: the caller's `X-Request-ID` if valid, else a new one. It is stored in the request's headers. */
export function identify(req: IncomingMessage): string {
  const given = req.headers['x-request-id']
  if (typeof given === 'string' && SANE.test(given)) return given
  const id = randomUUID()
  req.headers['x-request-id'] = id
  return id
}

/** The id that `identify` gave this request. */
export function requestIdOf(req: IncomingMessage): string {
  const id = req.headers['x-request-id']
  return typeof id === 'string' ? id : identify(req)
}
