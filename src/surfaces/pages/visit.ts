import type { CookieJar } from './cookies.ts'
import type { Html } from './html.ts'
import type { Identity } from './identity.ts'
import type { Document } from './layout.ts'

/** One request for a page, with what its handler needs. */
export interface Visit {
  readonly url: URL
  /** The public URL of this server, without a trailing slash. */
  readonly base: string
  readonly jar: CookieJar
  readonly identity: Identity
  readonly requestId: string
  readonly signal: AbortSignal
  /** The hidden input with the CSRF token, needed in every form. */
  readonly token: () => Html
  readonly now: Date
  /** Whether mails are written to the log of this server, because no mail server is set. */
  readonly writesMails: boolean
}

/** What a page handler returns: a document, or a redirect. */
export type PageAnswer =
  | (Document & {
      readonly status?: number
      /** Where its forms may redirect to beside this server, as a CSP source: `https://app.example.com`, `cursor:`. */
      readonly leadsTo?: string | undefined
    })
  | { readonly goTo: string }

/** An HTML page and the handlers of its requests. */
export interface Page {
  readonly path: string
  /** Why it is public. */
  readonly public: string
  readonly get: (visit: Visit) => Promise<PageAnswer>
  /** Its form takes a secret, so posts get the strict rate limit. */
  readonly credentials?: boolean
  readonly post?: (visit: Visit, form: URLSearchParams) => Promise<PageAnswer>
}
