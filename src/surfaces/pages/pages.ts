import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { ScopeGrant } from '#kernel/authorization'
import type { Keyring } from '#kernel/crypto/keyring'
import type { WebMount } from '#kernel/calls/route'
import { applications } from './account/applications.ts'
import { invitation } from './account/invitation.ts'
import { keys } from './account/keys.ts'
import { overview } from './account/overview.ts'
import { people } from './account/people.ts'
import { security } from './account/security.ts'
import { consent } from './consent.ts'
import { csrf } from './csrf.ts'
import { errorPage } from './error.ts'
import { publicTexts } from './public-texts.ts'
import type { PublicTextOptions } from './public-texts.ts'
import { withRest } from './rest.ts'
import type { RestParts } from './rest.ts'
import type { PageParts } from './serve-page.ts'
import { refusalPage, servePage } from './serve-page.ts'
import { forgotPassword, resetPassword } from './reset-password.ts'
import { signIn, signInCode, signOut } from './sign-in.ts'
import { signUp } from './sign-up.ts'
import { confirmEmail, verifyEmail } from './verify-email.ts'

export interface PagesOptions extends Omit<PageParts, 'forms' | 'stylesheet'>, PublicTextOptions, RestParts {
  /** Every scope with its description, for the consent page. */
  readonly scopes: readonly ScopeGrant[]
  /** Signs CSRF tokens. */
  readonly keyring: Pick<Keyring, 'sign' | 'verify'>
  readonly secureCookies: () => boolean
}

/** The HTML pages, as mounts for the HTTP surface, and the page for a refused request. They work without scripts. */
export function pagesOf(options: PagesOptions): {
  readonly mounts: readonly WebMount[]
  readonly refuse: NonNullable<WebMount['refuse']>
} {
  const css = readFileSync(path.join(import.meta.dirname, 'style.css'))
  const stylesheet = `/assets/${createHash('sha256').update(css).digest('hex').slice(0, 16)}.css`
  const parts = { ...options, forms: csrf(options), stylesheet }
  const asPerson = withRest(options)
  const all = [
    signIn,
    signInCode,
    signOut,
    signUp,
    verifyEmail,
    confirmEmail,
    forgotPassword,
    resetPassword,
    consent(options.scopes),
    overview(asPerson),
    applications(options.scopes),
    keys(asPerson, options.scopes),
    security,
    people(asPerson),
    invitation(asPerson),
    errorPage,
  ]
  return {
    mounts: [...all.flatMap((page) => servePage(page, parts)), styles(stylesheet, css), ...publicTexts(options)],
    refuse: refusalPage(stylesheet),
  }
}

/** The stylesheet. Its URL is a hash of its content, so browsers may cache it for ever. */
function styles(url: string, css: Buffer<ArrayBuffer>): WebMount {
  const headers = { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'public, max-age=31536000, immutable' }
  return {
    name: 'styles',
    methods: ['GET'],
    path: url,
    public: 'It is a static stylesheet.',
    limit: 'lenient',
    answer: async () => new Response(css, { headers }),
  }
}
