import { PASSWORD_GUIDANCE } from '../../modules/access/index.ts'
import { field, notice } from './field.ts'
import { html } from './html.ts'
import { problemsOf } from './problem.ts'
import type { Problems } from './problem.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** Asks for the mail. */
export const forgotPassword: Page = {
  path: '/forgot-password',
  credentials: true,
  public: 'Whoever forgot the password cannot sign in.',
  get: async (visit) => askForm(visit),
  async post(visit, sent) {
    const email = (sent.get('email') ?? '').trim()
    await visit.identity.post('/request-password-reset', { email })
    return {
      title: 'Look into your mail',
      body: html`<p>If <strong>${email}</strong> has an account, a link to choose a new password is on its way.</p>
<p><a href="/sign-in">Back to sign-in</a></p>`,
    }
  },
}

/** Where the link in that mail ends. */
export const resetPassword: Page = {
  path: '/reset-password/:token',
  credentials: true,
  public: 'Whoever forgot the password cannot sign in; the link in the mail stands for it.',
  get: async (visit) => resetForm(visit, {}),
  async post(visit, sent) {
    const [password, repeated] = [sent.get('password') ?? '', sent.get('repeated') ?? '']
    if (password !== repeated) return resetForm(visit, { repeated: 'This is not the same as above.' })
    const token = decodeURIComponent(visit.url.pathname.replace(/^.*\//, ''))
    const answer = await visit.identity.post('/reset-password', { newPassword: password, token })
    if (answer.code === 'INVALID_TOKEN') return outOfDate()
    if (!answer.ok) return resetForm(visit, problemsOf(answer, ['password']))
    return {
      title: 'Your password is new',
      body: html`${notice('Sign in with it now. Other sessions have ended.', 'good')}<p><a href="/sign-in">Sign in</a></p>`,
    }
  },
}

function askForm(visit: Visit): PageAnswer {
  return {
    title: 'Forgot your password?',
    body: html`<p>Tell us your e-mail address, and we send you a link to choose a new one.</p>
<form method="post" action="/forgot-password">${visit.token()}
${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username' })}
<div class="actions"><button>Send the link</button></div>
</form>
<p><a href="/sign-in">Back to sign-in</a></p>`,
  }
}

function resetForm(visit: Visit, problems: Problems): PageAnswer {
  return {
    title: 'Choose a new password',
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${problems['form'] !== undefined && notice(problems['form'], 'bad')}
<form method="post" action="${visit.url.pathname}">${visit.token()}
${field({
  name: 'password',
  label: 'New password',
  type: 'password',
  autocomplete: 'new-password',
  hint: PASSWORD_GUIDANCE,
  error: problems['password'],
})}
${field({ name: 'repeated', label: 'The same again', type: 'password', autocomplete: 'new-password', error: problems['repeated'] })}
<div class="actions"><button>Change the password</button></div>
</form>`,
  }
}

function outOfDate(): PageAnswer {
  return {
    title: 'This link is out of date',
    status: 400,
    body: html`${notice('It was used, or it is older than an hour.', 'bad')}
<p><a href="/forgot-password">Have another one sent</a></p>`,
  }
}
