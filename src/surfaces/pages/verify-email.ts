import { kept } from './continuation.ts'
import { field, notice } from './field.ts'
import { html } from './html.ts'
import { mailSent } from './sign-up.ts'
import type { Page } from './visit.ts'

/** The page that resends the confirmation link. The link itself opens the sign-in page, which shows the result. */
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
