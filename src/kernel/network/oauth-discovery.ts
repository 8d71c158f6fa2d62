/** Where a protected resource says who issues its tokens (RFC 9728, 3.1): beside its path, then at the host's root. */
export function protectedResourceUrls(resource: string): readonly string[] {
  const { origin, pathname, search } = new URL(resource)
  const root = `${origin}/.well-known/oauth-protected-resource`
  const path = pathname === '/' ? '' : pathname
  return [...new Set([`${root}${path}${search}`, root])]
}

/**
 * Where an issuer may describe itself, in the order in which MCP clients look: RFC 8414 with the path inserted, OpenID
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
