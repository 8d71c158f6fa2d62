/** The metadata URLs of a protected resource (RFC 9728, 3.1): first with its path, then at the host's root. */
export function protectedResourceUrls(resource: string): readonly string[] {
  const { origin, pathname, search } = new URL(resource)
  const root = `${origin}/.well-known/oauth-protected-resource`
  const path = pathname === '/' ? '' : pathname
  return [...new Set([`${root}${path}${search}`, root])]
}

/**
 * The metadata URLs of an issuer, in the order in which MCP clients try them: RFC 8414 with the path inserted, OpenID
 * Connect with the path inserted, and OpenID Connect with the path in front.
 */
export function issuerMetadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  return [
    ...new Set([
      `${origin}/.well-known/oauth-authorization-server${path}`,
      `${origin}/.well-known/openid-configuration${path}`,
      `${origin}${path}/.well-known/openid-configuration`,
    ]),
  ]
}
