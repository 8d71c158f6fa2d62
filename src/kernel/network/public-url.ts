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

export function publicUrlOf(configured: string | undefined): PublicUrl {
  let known = configured?.replace(/\/+$/, '')
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
