import { PASSWORD_GUIDANCE } from '../../../modules/access/index.ts'
import { renderSVG } from 'uqr'
import { field, notice } from '../field.ts'
import { Html, html } from '../html.ts'
import type { IdentityAnswer } from '../identity.ts'
import { textOf } from '../identity.ts'
import { problemsOf } from '../problem.ts'
import type { Problems } from '../problem.ts'
import { personOf, signInFirst } from '../session.ts'
import type { Page, PageAnswer, Visit } from '../visit.ts'
import { framed } from './frame.ts'

/** The page to change the password and to turn two-factor authentication on or off. */
export const security: Page = {
  path: '/account/security',
  public: 'It requires sign-in, and the password for every change.',
  credentials: true,
  get: (visit) => shown(visit, html``, {}),
  async post(visit, sent) {
    if ((await personOf(visit)) === undefined) return signInFirst(visit)
    const password = sent.get('current') ?? ''
    switch (sent.get('step')) {
      case 'password':
        return changePassword(visit, password, sent.get('password') ?? '')
      case 'enrol':
        return enrol(visit, await visit.identity.post('/two-factor/enable', { password }))
      case 'confirm':
        return confirm(visit, (sent.get('code') ?? '').replace(/\s/g, ''))
      case 'disable':
        return disable(visit, await visit.identity.post('/two-factor/disable', { password }))
      default:
        return { goTo: '/account/security' }
    }
  },
}

async function changePassword(visit: Visit, currentPassword: string, newPassword: string): Promise<PageAnswer> {
  const sent = { currentPassword, newPassword, revokeOtherSessions: true }
  const answer = await visit.identity.post('/change-password', sent)
  if (!answer.ok)
    return shown(
      visit,
      html``,
      answer.code === 'INVALID_PASSWORD' ? { current: WRONG } : problemsOf(answer, ['password']),
    )
  return shown(visit, notice('Your password was changed, and your other sessions were signed out.', 'good'), {})
}

const WRONG = 'This password is wrong.'

function enrol(visit: Visit, answer: IdentityAnswer): Promise<PageAnswer> | PageAnswer {
  if (!answer.ok) return shown(visit, html``, { factor: WRONG })
  const uri = textOf(answer.body['totpURI'])
  const codes = answer.body['backupCodes']
  const secret = new URL(uri).searchParams.get('secret') ?? ''
  return framed(visit, {
    title: 'Two-factor authentication',
    body: html`<section>
<h2>1. Add Plimsoll to your authenticator app</h2>
<div class="qr" role="img" aria-label="QR code with the key below">${new Html(renderSVG(uri))}</div>
<p>Cannot scan it? Enter this key in the app:</p>
<code class="secret">${secret}</code>
<h2>2. Save your backup codes</h2>
<p>If you lose access to the app, you can sign in with a backup code. Each code works once. You will not be able to see them again.</p>
<ul class="codes">${Array.isArray(codes) && codes.map((code) => html`<li>${textOf(code)}</li>`)}</ul>
<h2>3. Enter the code from the app</h2>
${codeForm(visit, undefined)}
</section>`,
  })
}

async function confirm(visit: Visit, code: string): Promise<PageAnswer> {
  const answer = await visit.identity.post('/two-factor/verify-totp', { code })
  if (answer.ok)
    return shown(
      visit,
      notice('Two-factor authentication is on. You need a code from your app each time you sign in.', 'good'),
      {},
    )
  const error = problemsOf(answer, ['code'])['code'] ?? answer.message
  return framed(visit, {
    title: 'Two-factor authentication',
    status: 422,
    body: html`<section><h2>Enter the code from the app</h2>${codeForm(visit, error)}
<p><a href="/account/security">Start again</a></p></section>`,
  })
}

function disable(visit: Visit, answer: IdentityAnswer): Promise<PageAnswer> {
  if (!answer.ok) return shown(visit, html``, { factor: WRONG })
  return shown(visit, notice('Two-factor authentication is off. You need only your password to sign in.', 'good'), {})
}

function codeForm(visit: Visit, error: string | undefined): Html {
  return html`<form method="post" action="/account/security">${visit.token()}
${field({ name: 'code', label: 'Code', autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 10, error })}
<div class="actions"><button name="step" value="confirm">Turn on</button></div>
</form>`
}

async function shown(visit: Visit, news: Html, problems: Problems): Promise<PageAnswer> {
  const person = await personOf(visit)
  if (person === undefined) return signInFirst(visit)
  const password = (name: string, label: string, autocomplete: string, error?: string) =>
    field({ name, label, type: 'password', autocomplete, error })
  return framed(visit, {
    title: 'Security',
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${news}<section>
<h2>Two-factor authentication is ${person.twoFactor ? 'on' : 'off'}</h2>
<form method="post" action="/account/security">${visit.token()}
${field({ name: 'current', id: 'factor', label: 'Your password', type: 'password', autocomplete: 'current-password', error: problems['factor'] })}
<button class="${person.twoFactor ? 'danger' : 'plain'}" name="step" value="${person.twoFactor ? 'disable' : 'enrol'}">Turn ${person.twoFactor ? 'off' : 'on'}</button>
</form>
</section>
<section>
<h2>Password</h2>
${problems['form'] !== undefined && notice(problems['form'], 'bad')}
<form method="post" action="/account/security">${visit.token()}
<input type="text" name="username" value="${person.email}" autocomplete="username" hidden>
<div class="columns">
${password('current', 'Current password', 'current-password', problems['current'])}
${password('password', 'New password', 'new-password', problems['password'])}
</div>
<p class="hint">${PASSWORD_GUIDANCE}</p>
<button class="plain" name="step" value="password">Change password</button>
</form>
</section>`,
  })
}
