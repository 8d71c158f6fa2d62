const LOOPBACK = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$)/i

/**
 * Whether a token for `audience` is valid at `resource` of the server at `publicUrl`. The audience must be the resource
 * or a parent path of it, compared by whole segments, and must not be above the server itself.
 */
export function covers(audience: string, resource: string, publicUrl: string): boolean {
  return isAtOrBelow(audience, publicUrl) && isAtOrBelow(resource, audience)
}

/**
 * A loopback URL with the host name of `publicUrl`, if that is a loopback URL too: `localhost` and `127.0.0.1` with the
 * same port are the same server, and a client requests tokens for the name it was given. Other URLs are unchanged.
 */
export function canonicalUrl(url: string, publicUrl: string): string {
  const [known] = LOOPBACK.exec(publicUrl) ?? []
  return known === undefined ? url : url.replace(LOOPBACK, known)
}

/** The URLs of this server: `publicUrl`, or for a loopback URL one for each loopback name. */
export function loopbackNames(publicUrl: string): readonly string[] {
  if (!LOOPBACK.test(publicUrl)) return [publicUrl]
  return ['localhost', '127.0.0.1', '[::1]'].map((name) => publicUrl.replace(LOOPBACK, `http://${name}`))
}

function isAtOrBelow(url: string, base: string): boolean {
  return url === base || (url.startsWith(base) && url[base.length] === '/')
}

/** Whether a URL is one of this computer, by name or by address. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)
}
