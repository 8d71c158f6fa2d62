import { clientTarget, continuationOf, kept, nextPath, signedQuery } from './continuation.ts'
import { choice, field, notice } from './field.ts'
import { html } from './html.ts'
import type { IdentityAnswer } from './identity.ts'
import { problemsOf } from './problem.ts'
import type { Problems } from './problem.ts'
import { personOf } from './session.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** The sign-in page: e-mail and password. */
export const signIn: Page = {
  path: '/sign-in',
  credentials: true,
  public: 'People sign in here.',
  async get(visit) {
    const isOauth = signedQuery(visit.url) !== undefined
    if (!isOauth && (await personOf(visit)) !== undefined) return { goTo: nextPath(visit.url) }
    return form(visit, '', {})
  },
  async post(visit, sent) {
    const email = (sent.get('email') ?? '').trim()
    const oauth = signedQuery(visit.url)
    const answer = await visit.identity.post('/sign-in/email', {
      email,
      password: sent.get('password') ?? '',
      ...(oauth !== undefined && { oauth_query: oauth }),
    })
    if (answer.code === 'EMAIL_NOT_VERIFIED') return unverified(visit, email)
    if (!answer.ok) return form(visit, email, problemsOf(answer, ['email', 'password']))
    if (answer.body['twoFactorRedirect'] === true) return { goTo: `/sign-in/code${kept(visit.url)}` }
    return afterSignIn(visit, answer)
  },
}

/** The second step of sign-in, for people with two-factor authentication. */
export const signInCode: Page = {
  path: '/sign-in/code',
  credentials: true,
  public: 'People sign in here: the second step.',
  get: async (visit) => codeForm(visit, {}),
  async post(visit, sent) {
    const oauth = signedQuery(visit.url)
    const code = (sent.get('code') ?? '').replace(/\s/g, '')
    const isTotp = /^\d{6}$/.test(code)
    const answer = await visit.identity.post(isTotp ? '/two-factor/verify-totp' : '/two-factor/verify-backup-code', {
      code,
      trustDevice: sent.get('trust') === 'yes',
      ...(oauth !== undefined && { oauth_query: oauth }),
    })
    return answer.ok ? afterSignIn(visit, answer) : codeForm(visit, problemsOf(answer, ['code']))
  },
}

/** The page that signs out. */
export const signOut: Page = {
  path: '/sign-out',
  public: 'It ends the session of the cookie and does nothing without one.',
  get: async (visit) => ({
    title: 'Sign out',
    body: html`<form method="post" action="/sign-out">${visit.token()}<button>Sign out</button></form>`,
  }),
  async post(visit) {
    await visit.identity.post('/sign-out', {})
    return { goTo: '/sign-in' }
  },
}

function afterSignIn(visit: Visit, answer: IdentityAnswer): PageAnswer {
  return { goTo: continuationOf(answer, visit.url, visit.base) ?? nextPath(visit.url) }
}

async function form(visit: Visit, email: string, problems: Problems): Promise<PageAnswer> {
  const query = kept(visit.url)
  return {
    title: 'Sign in',
    leadsTo: await clientTarget(visit),
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${problems['form'] !== undefined && notice(problems['form'], 'bad')}
${visit.url.searchParams.has('verified') && notice('Your e-mail address is confirmed. Sign in to continue.', 'good')}
<form method="post" action="/sign-in${query}">${visit.token()}
${field({ name: 'email', label: 'E-mail', type: 'email', value: email, autocomplete: 'username', error: problems['email'] })}
${field({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  error: problems['password'],
})}
<div class="actions"><button>Sign in</button></div>
</form>
<p><a href="/forgot-password">Forgot your password?</a></p>
<p class="quiet">New here? <a href="/sign-up${query}">Create an account</a></p>`,
  }
}

function unverified(visit: Visit, email: string): PageAnswer {
  return {
    title: 'Confirm your e-mail address',
    status: 403,
    body: html`${notice(`Your e-mail address is not confirmed yet. Open the link ${visit.writesMails ? 'in the log of this server' : 'in the e-mail we sent you'}.`, 'bad')}
<form method="post" action="/verify-email${kept(visit.url)}">${visit.token()}
<input type="hidden" name="email" value="${email}">
<div class="actions"><button>Resend link</button></div>
</form>
<p><a href="/sign-in${kept(visit.url)}">Back to sign-in</a></p>`,
  }
}

async function codeForm(visit: Visit, problems: Problems): Promise<PageAnswer> {
  return {
    title: 'Enter your code',
    leadsTo: await clientTarget(visit),
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${problems['form'] !== undefined && notice(problems['form'], 'bad')}
<form method="post" action="/sign-in/code${kept(visit.url)}">${visit.token()}
${field({
  name: 'code',
  label: 'Code',
  autocomplete: 'one-time-code',
  hint: 'The 6-digit code from your authenticator app, or a backup code.',
  maxlength: 40,
  error: problems['code'],
})}
${choice({ type: 'checkbox', name: 'trust', value: 'yes', label: 'Trust this device for 30 days' })}
<div class="actions"><button>Continue</button></div>
</form>
<p><a href="/sign-in${kept(visit.url)}">Start again</a></p>`,
  }
}
