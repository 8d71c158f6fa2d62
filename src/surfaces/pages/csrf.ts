import { randomBytes } from 'node:crypto'
import { Failure } from '#kernel/failure'
import type { Keyring } from '#kernel/crypto/keyring'
import type { CookieJar } from './cookies.ts'

/** The form field that carries the token. */
export const CSRF_FIELD = 'form_token'

export interface CsrfOptions {
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  /** A function, because the answer may depend on the address the server listens on. */
  readonly secureCookies: () => boolean
}

/**
 * CSRF protection of forms by a signed double-submit cookie: each form carries a keyed hash of a random cookie and of
 * the session. A page of another site can make the browser send the cookie, but cannot read or hash it; a sibling host
 * that sets a cookie cannot sign for it; and the token of one session is invalid in another.
 */
export function csrf({ keyring, secureCookies }: CsrfOptions) {
  const cookieName = () => (secureCookies() ? '__Host-plimsoll-form' : 'plimsoll-form')
  const signed = (jar: CookieJar, nonce: string) => JSON.stringify([nonce, ...sessionOf(jar)])
  return {
    /** The token for the forms of this page; sets the cookie when there is none. */
    token(jar: CookieJar): string {
      const name = cookieName()
      const known = jar.get(name)
      const nonce = known ?? randomBytes(24).toString('base64url')
      if (known === undefined) {
        jar.take(`${name}=${nonce}; Path=/; HttpOnly; SameSite=Lax${secureCookies() ? '; Secure' : ''}`)
      }
      return keyring.sign(signed(jar, nonce), PURPOSE)
    },
    /** Throws `Failure('forbidden')` unless a page of this server sent the form in this session. */
    require(request: Request, jar: CookieJar, given: string): void {
      requireOwnOrigin(request)
      const nonce = jar.get(cookieName())
      if (nonce === undefined || !keyring.verify(signed(jar, nonce), PURPOSE, given)) {
        throw new Failure('forbidden', 'This form has expired. Reload the page and submit it again.', {
          code: 'FORM_OUT_OF_DATE',
        })
      }
    },
  }
}

const PURPOSE = 'page-form'

/** Refuses a foreign `Origin` or `Sec-Fetch-Site`; a request without these headers still needs the token. */
function requireOwnOrigin({ headers, url }: Request): void {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  const isOwn = origin === null || origin === new URL(url).origin || hostOf(origin) === headers.get('host')
  const isSame = site === null || site === 'same-origin' || site === 'none'
  if ((isOwn && isSame) || (origin === 'null' && site === 'same-origin')) return
  throw new Failure('forbidden', 'This form was submitted from another site.', { code: 'ORIGIN_NOT_ALLOWED' })
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** The values of the session cookies, so that a new session invalidates every form. */
function sessionOf(jar: CookieJar): readonly (string | undefined)[] {
  return jar
    .names()
    .filter((name) => name.endsWith('session_token'))
    .toSorted()
    .map((name) => jar.get(name))
}
