import type { IncomingMessage, ServerResponse } from 'node:http'

const METHODS = 'GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS'
const EXPOSED = [
  'X-Request-ID',
  'X-Response-Time',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Retry-After',
  'WWW-Authenticate',
  'Mcp-Session-Id',
  'Mcp-Protocol-Version',
].join(', ')
const HEADER_NAMES = /^[\w-]+(\s*,\s*[\w-]+)*$/
const PREFLIGHT_SECONDS = 600

/**
 * Paths that pages of every origin may read: a browser-based MCP client needs the well-known documents and the
 * cookie-less OAuth endpoints before it has a token. They reveal data only to holders of a code or token. Segment's
 * browser library sends events to the others, with a key.
 */
const FOR_ANY_PAGE =
  /^\/(\.well-known\/(oauth-protected-resource|oauth-authorization-server|openid-configuration)(\/[\w/.-]*)?|auth\/(oauth2\/(token|register|revoke)|jwks)|v1\/[abgipst])\/?(\?|$)/

/** Whether pages of every origin may read this URL. */
export function isForAnyPage(url: string): boolean {
  return FOR_ANY_PAGE.test(url)
}

/**
 * Sets the CORS headers. Returns true when the request was a preflight, which is then answered. Credentials (cookies)
 * are never allowed: keys and tokens are sent in `Authorization`.
 */
export function crossOrigin(allowed: readonly string[]): (req: IncomingMessage, res: ServerResponse) => boolean {
  const origins = new Set(allowed.map((origin) => origin.toLowerCase()))
  const anyone = origins.has('*')
  return (req, res) => {
    const { origin } = req.headers
    if (origins.size > 0 && !anyone) res.setHeader('Vary', 'Origin')
    if (origin === undefined) return false
    const toAll = anyone || isForAnyPage(req.url ?? '')
    if (!toAll && !origins.has(origin.toLowerCase())) return false
    res.setHeader('Access-Control-Allow-Origin', toAll ? '*' : origin)
    res.setHeader('Access-Control-Expose-Headers', EXPOSED)
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) return false
    const asked = req.headers['access-control-request-headers']
    res.setHeader('Access-Control-Allow-Methods', METHODS)
    if (asked !== undefined && HEADER_NAMES.test(asked)) res.setHeader('Access-Control-Allow-Headers', asked)
    res.setHeader('Access-Control-Max-Age', String(PREFLIGHT_SECONDS))
    res.writeHead(204).end()
    return true
  }
}
