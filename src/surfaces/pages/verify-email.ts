import { kept } from './continuation.ts'
import { field, notice } from './field.ts'
import { html } from './html.ts'
import { mailSent } from './sign-up.ts'
import type { Page } from './visit.ts'

/** Has the link sent again. The link itself leads to sign-in, which says what came of it. */
export const verifyEmail: Page = {
  path: '/verify-email',
  public: 'Whoever has not confirmed the address cannot sign in.',
  credentials: true,
  get: async (visit) => ({
    title: 'Confirm your e-mail address',
    status: visit.url.searchParams.has('error') ? 400 : 200,
    body: html`${visit.url.searchParams.has('error') && notice('This link is out of date or was used. Have another one sent.', 'bad')}
<form method="post" action="/verify-email${kept(visit.url)}">${visit.token()}
${field({ name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username' })}
<div class="actions"><button>Send the link</button></div>
</form>
<p><a href="/sign-in${kept(visit.url)}">Back to sign-in</a></p>`,
  }),
  async post(visit, sent) {
    const email = (sent.get('email') ?? '').trim()
    await visit.identity.post('/send-verification-email', { email })
    return mailSent(visit, email)
  },
}
