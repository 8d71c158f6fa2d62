import { kept, nextPath } from './continuation.ts'
import { field, notice } from './field.ts'
import { html } from './html.ts'
import { textOf } from './identity.ts'
import { problemsOf } from './problem.ts'
import type { Problems } from './problem.ts'
import { mailSent } from './sign-up.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** The page that the link of the confirmation mail opens. It signs in as well. */
export const confirmEmail: Page = {
  path: '/verify-email/:token',
  public: 'People with an unconfirmed address cannot sign in.',
  credentials: true,
  get: async (visit) => confirmForm(visit, {}),
  async post(visit, sent) {
    const token = decodeURIComponent(visit.url.pathname.replace(/^.*\//, ''))
    const password = sent.get('password') ?? ''
    const confirmed = await visit.identity.post('/verify-email', { token, password })
    if (['INVALID_TOKEN', 'INVALID_BODY'].includes(confirmed.code)) return { goTo: '/verify-email?error=link' }
    if (!confirmed.ok) return confirmForm(visit, problemsOf(confirmed, ['password']))
    const answer = await visit.identity.post('/sign-in/email', { email: textOf(confirmed.body['email']), password })
    return answer.ok ? { goTo: nextPath(visit.url) } : { goTo: '/sign-in?verified=1' }
  },
}

function confirmForm(visit: Visit, problems: Problems): PageAnswer {
  return {
    title: 'Confirm your e-mail address',
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${problems['form'] !== undefined && notice(problems['form'], 'bad')}
<form method="post" action="${visit.url.pathname}${kept(visit.url)}">${visit.token()}
${field({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'current-password',
  hint: 'The password that you chose when you created the account.',
  error: problems['password'],
})}
<div class="actions"><button>Confirm</button></div>
</form>
<p class="quiet">Did you not create this account, or forgot its password? <a href="/forgot-password">Reset the password</a>; that confirms the address as well.</p>`,
  }
}

/** The page that resends the confirmation link. */
export const verifyEmail: Page = {
  path: '/verify-email',
  public: 'People with an unconfirmed address cannot sign in.',
  credentials: true,
  get: async (visit) => ({
    title: 'Confirm your e-mail address',
    status: visit.url.searchParams.has('error') ? 400 : 200,
    body: html`${visit.url.searchParams.has('error') && notice('This link has expired or was already used. Send a new one.', 'bad')}
<form method="post" action="/verify-email${kept(visit.url)}">${visit.token()}
${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username' })}
<div class="actions"><button>Send link</button></div>
</form>
<p><a href="/sign-in${kept(visit.url)}">Back to sign-in</a></p>`,
  }),
  async post(visit, sent) {
    const email = (sent.get('email') ?? '').trim()
    await visit.identity.post('/send-verification-email', { email })
    return mailSent(visit, email)
  },
}
