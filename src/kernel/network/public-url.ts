/**
 * The URL under which callers reach this server, without a trailing slash: issuer of tokens, base of links in mails.
 * Without `PUBLIC_URL` it is where the server listens, and known only then.
 */
export interface PublicUrl {
  /** Throws before it is known. */
  get(): string
  /** Where the server listens; a configured URL stays. */
  listening(url: string): void
}

export function publicUrlOf(configured: string | undefined): PublicUrl {
  let known = configured?.replace(/\/+$/, '')
  return {
    get() {
      if (known === undefined) throw new Error('The public URL is asked for before the server listens.')
      return known
    },
    listening(url) {
      known ??= url
    },
  }
}
