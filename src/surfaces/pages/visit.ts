import type { CookieJar } from './cookies.ts'
import type { Html } from './html.ts'
import type { Identity } from './identity.ts'
import type { Document } from './layout.ts'

/** One request for a page. */
export interface Visit {
  readonly url: URL
  /** The public URL of this server, without a trailing slash. */
  readonly base: string
  readonly jar: CookieJar
  readonly identity: Identity
  readonly requestId: string
  readonly signal: AbortSignal
  /** The hidden field that every form needs. */
  readonly token: () => Html
  readonly now: Date
}

/** What a page answers: a document, or another page to go to. */
export type PageAnswer =
  | (Document & {
      readonly status?: number
      /** Where its forms may lead in the end, beside this site: `https://app.example.com`, `cursor:`. */
      readonly leadsTo?: string | undefined
    })
  | { readonly goTo: string }

/** One page for people. */
export interface Page {
  readonly path: string
  /** Why it asks for no scope. */
  readonly public: string
  readonly get: (visit: Visit) => Promise<PageAnswer>
  /** Its form takes something secret, which must not be guessed at speed. */
  readonly credentials?: boolean
  readonly post?: (visit: Visit, form: URLSearchParams) => Promise<PageAnswer>
}
