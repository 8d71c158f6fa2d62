import { PASSWORD_GUIDANCE } from '../../modules/access/index.ts'
import { field, notice } from './field.ts'
import { html } from './html.ts'
import { problemsOf } from './problem.ts'
import type { Problems } from './problem.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** The page that requests a password-reset mail. */
export const forgotPassword: Page = {
  path: '/forgot-password',
  credentials: true,
  public: 'People who forgot their password cannot sign in.',
  get: async (visit) => askForm(visit),
  async post(visit, sent) {
    const email = (sent.get('email') ?? '').trim()
    await visit.identity.post('/request-password-reset', { email })
    return {
      title: visit.writesMails ? 'Reset your password' : 'Check your e-mail',
      body: html`<p>If there is an account for <strong>${email}</strong>, ${visit.writesMails ? 'a link to reset the password is in the log of this server, which sends no mail' : 'we are sending it a link to reset the password'}.</p>
<p><a href="/sign-in">Back to sign-in</a></p>`,
    }
  },
}

/** The page that the link in the password-reset mail opens. */
export const resetPassword: Page = {
  path: '/reset-password/:token',
  credentials: true,
  public: 'The token in the link is the credential.',
  get: async (visit) => resetForm(visit, {}),
  async post(visit, sent) {
    const [password, repeated] = [sent.get('password') ?? '', sent.get('repeated') ?? '']
    if (password !== repeated) return resetForm(visit, { repeated: 'The passwords do not match.' })
    const token = decodeURIComponent(visit.url.pathname.replace(/^.*\//, ''))
    const answer = await visit.identity.post('/reset-password', { newPassword: password, token })
    if (answer.code === 'INVALID_TOKEN') return linkExpired()
    if (!answer.ok) return resetForm(visit, problemsOf(answer, ['password']))
    return {
      title: 'Password changed',
      body: html`${notice('Sign in with your new password. All your sessions were signed out.', 'good')}<p><a href="/sign-in">Sign in</a></p>`,
    }
  },
}

function askForm(visit: Visit): PageAnswer {
  return {
    title: 'Forgot your password?',
    body: html`<p>Enter your e-mail address, and we will send you a link to reset your password.</p>
<form method="post" action="/forgot-password">${visit.token()}
${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username' })}
<div class="actions"><button>Send link</button></div>
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
${field({ name: 'repeated', label: 'Repeat new password', type: 'password', autocomplete: 'new-password', error: problems['repeated'] })}
<div class="actions"><button>Change password</button></div>
</form>`,
  }
}

function linkExpired(): PageAnswer {
  return {
    title: 'This link has expired',
    status: 400,
    body: html`${notice('It was already used, or it is older than an hour.', 'bad')}
<p><a href="/forgot-password">Send a new link</a></p>`,
  }
}
