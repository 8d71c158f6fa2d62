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
 * What a browser-based MCP client needs before it has a token: the well-known documents, and the endpoints of OAuth that
 * take no cookie. Any page may read them; what they tell, they tell to whoever holds a code or a token.
 */
const FOR_ANY_PAGE =
  /^\/(\.well-known\/(oauth-protected-resource|oauth-authorization-server|openid-configuration)(\/[\w/.-]*)?|auth\/(oauth2\/(token|register|revoke)|jwks))\/?(\?|$)/

/** Whether pages of every origin may ask for this URL. */
export function isForAnyPage(url: string): boolean {
  return FOR_ANY_PAGE.test(url)
}

/**
 * Tells browsers which pages may read the answers. Returns true when the request was a preflight: it is answered then.
 * No cookies are involved, so credentials are never allowed; the key travels in `Authorization`.
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
