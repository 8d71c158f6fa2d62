import { isIPv6 } from 'node:net'

/**
 * The URL under which callers reach this server, without a trailing slash: the issuer of tokens and the base of links
 * in e-mails. Without `PUBLIC_URL` it is the listening address, known only once the server listens.
 */
export interface PublicUrl {
  /** Throws while it is unknown. */
  get(): string
  /** Sets the listening address; a configured URL takes precedence. */
  listening(url: string): void
}

/**
 * The URL of a listening address. The address of all interfaces is none that a client can name: it is this machine's
 * there.
 */
export function listeningUrl(host: string, port: number): string {
  const named = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new URL(`http://${isIPv6(named) ? `[${named}]` : named}:${port}`).origin
}

export function publicUrlOf(configured: string | undefined): PublicUrl {
  let known = configured
  return {
    get() {
      if (known === undefined) throw new Error('The public URL is not known before the server listens.')
      return known
    },
    listening(url) {
      known ??= url
    },
  }
}
