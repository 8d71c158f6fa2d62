import { randomBytes } from 'node:crypto'
import { Failure } from '#kernel/failure'
import type { Keyring } from '#kernel/crypto/keyring'
import type { CookieJar } from './cookies.ts'

/** The form field that carries the token. */
export const CSRF_FIELD = 'form_token'

export interface CsrfOptions {
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  /** Asked late: it may depend on where the server listens. */
  readonly secureCookies: () => boolean
}

/**
 * Forms prove that a page of ours was filled in, and by whom: each carries a keyed hash of a random cookie and of the
 * session. A page of another site can send the cookie along, but neither read it nor make the hash of it; a sibling host
 * that plants a cookie cannot sign for it; and a token of one session is none of another.
 */
export function csrf({ keyring, secureCookies }: CsrfOptions) {
  const cookieName = () => (secureCookies() ? '__Host-plimsoll-form' : 'plimsoll-form')
  const signed = (jar: CookieJar, nonce: string) => JSON.stringify([nonce, ...sessionOf(jar)])
  return {
    /** The token for the forms of this visit; sets the cookie where there is none. */
    token(jar: CookieJar): string {
      const name = cookieName()
      const known = jar.get(name)
      const nonce = known ?? randomBytes(24).toString('base64url')
      if (known === undefined) {
        jar.take(`${name}=${nonce}; Path=/; HttpOnly; SameSite=Lax${secureCookies() ? '; Secure' : ''}`)
      }
      return keyring.sign(signed(jar, nonce), PURPOSE)
    },
    /** Throws `Failure('forbidden')` unless a page of ours sent this form in this session. */
    require(request: Request, jar: CookieJar, given: string): void {
      requireOwnOrigin(request)
      const nonce = jar.get(cookieName())
      if (nonce === undefined || !keyring.verify(signed(jar, nonce), PURPOSE, given)) {
        throw new Failure('forbidden', 'This form is out of date. Open the page again and send it once more.', {
          code: 'FORM_OUT_OF_DATE',
        })
      }
    },
  }
}

const PURPOSE = 'page-form'

/** Browsers name the page that sent a form; a request that names none still needs the token. */
function requireOwnOrigin({ headers, url }: Request): void {
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  const isOwn = origin === null || origin === new URL(url).origin || hostOf(origin) === headers.get('host')
  const isSame = site === null || site === 'same-origin' || site === 'none'
  if ((isOwn && isSame) || (origin === 'null' && site === 'same-origin')) return
  throw new Failure('forbidden', 'This form was sent from a page of another site.', { code: 'ORIGIN_NOT_ALLOWED' })
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

/** Whatever cookies make the session, so that a change of session outdates every form. */
function sessionOf(jar: CookieJar): readonly (string | undefined)[] {
  return jar
    .names()
    .filter((name) => name.endsWith('session_token'))
    .toSorted()
    .map((name) => jar.get(name))
}
