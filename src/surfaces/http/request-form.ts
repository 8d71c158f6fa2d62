import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'

/** The maximum number of headers, more than any browser, proxy or client sends. */
export const HEADERS_MAX = 100

const SLASH = 47

/**
 * Refuses ambiguous requests, which a proxy and this server could read differently (request smuggling). A target in
 * absolute form (RFC 9112, 3.2.2) must name the host in `Host`, and is served as its path. Throws `Failure('invalid')`,
 * or `Failure('too_large')` with `code: 'TOO_MANY_HEADERS'`.
 */
export function requireForm(req: IncomingMessage): void {
  if (req.rawHeaders.length > HEADERS_MAX * 2) {
    throw new Failure('too_large', `The request has more than ${HEADERS_MAX} headers.`, { code: 'TOO_MANY_HEADERS' })
  }
  const { url = '' } = req
  // Several `Host` headers arrive joined by a comma.
  if (req.headers.host?.includes(',') === true) {
    throw new Failure('invalid', 'The request names more than one host.', { code: 'BAD_REQUEST' })
  }
  if (url.charCodeAt(0) === SLASH) return
  if (url === '*' && req.method === 'OPTIONS') return
  const target = /^https?:\/\/([^/?#]+)(.*)$/i.exec(url)
  if (target?.[1] === undefined || target[1].toLowerCase() !== req.headers.host?.toLowerCase()) {
    throw new Failure('invalid', 'The target of the request is not a path of the host in its Host header.', {
      code: 'BAD_REQUEST_TARGET',
    })
  }
  const rest = target[2] ?? ''
  req.url = rest.startsWith('/') ? rest : `/${rest}`
}
