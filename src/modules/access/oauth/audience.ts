const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)/i

/**
 * Whether a token for `audience` opens `resource` of the server at `publicUrl`: it names the resource, or something
 * above it on a border of path segments, and nothing above the server itself.
 */
export function covers(audience: string, resource: string, publicUrl: string): boolean {
  return isBeneath(audience, publicUrl) && isBeneath(resource, audience)
}

/**
 * A URL of this machine as `publicUrl` writes it, if that is one too: `localhost` and `127.0.0.1` with one port are one
 * server, and a client asks for tokens by the name it was given.
 */
export function canonicalUrl(url: string, publicUrl: string): string {
  const [known] = LOOPBACK.exec(publicUrl) ?? []
  return known === undefined ? url : url.replace(LOOPBACK, known)
}

/** Each URL by which this server may be called: one, or one for each name of this machine. */
export function loopbackNames(publicUrl: string): readonly string[] {
  if (!LOOPBACK.test(publicUrl)) return [publicUrl]
  return ['localhost', '127.0.0.1', '[::1]'].map((name) => publicUrl.replace(LOOPBACK, `http://${name}`))
}

function isBeneath(url: string, base: string): boolean {
  return url === base || (url.startsWith(base) && url[base.length] === '/')
}
