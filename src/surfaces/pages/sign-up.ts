import { PASSWORD_GUIDANCE } from '../../modules/access/index.ts'
import { clientTarget, continuationOf, kept, nextPath, signedQuery } from './continuation.ts'
import { field, notice } from './field.ts'
import { html } from './html.ts'
import { problemsOf } from './problem.ts'
import type { Problems } from './problem.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** The page that creates an account. */
export const signUp: Page = {
  path: '/sign-up',
  credentials: true,
  public: 'People without an account sign up here.',
  get: async (visit) => form(visit, new URLSearchParams(), {}),
  async post(visit, sent) {
    const oauth = signedQuery(visit.url)
    const email = (sent.get('email') ?? '').trim()
    const answer = await visit.identity.post('/sign-up/email', {
      name: (sent.get('name') ?? '').trim(),
      email,
      password: sent.get('password') ?? '',
      ...(oauth !== undefined && { oauth_query: oauth }),
    })
    if (!answer.ok) return form(visit, sent, problemsOf(answer, ['name', 'email', 'password']))
    const next = continuationOf(answer, visit.url, visit.base)
    if (next !== undefined) return { goTo: next }
    if (typeof answer.body['token'] === 'string') return { goTo: nextPath(visit.url) }
    return mailSent(visit, email)
  },
}

/** The same page whether the address has an account or not, so that it does not reveal who has one. */
export function mailSent({ url, writesMails }: Visit, email: string): PageAnswer {
  const isOauth = signedQuery(url) !== undefined
  return {
    title: writesMails ? 'Confirm your address' : 'Check your e-mail',
    body: html`${notice('Almost there.', 'good')}
<p>${writesMails ? html`This server sends no mail: a link for <strong>${email}</strong> is in its log.` : html`We are sending a link to <strong>${email}</strong>.`} Open it to confirm your address.</p>
<p>Then <a href="/sign-in${kept(url)}">sign in</a>${isOauth && ' here to continue to the application'}.</p>
${!writesMails && html`<p class="quiet">No e-mail after a few minutes? Check your spam folder, or <a href="/verify-email${kept(url)}">resend the link</a>.</p>`}`,
  }
}

async function form(visit: Visit, sent: URLSearchParams, problems: Problems): Promise<PageAnswer> {
  return {
    title: 'Create an account',
    leadsTo: await clientTarget(visit),
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${problems['form'] !== undefined && notice(problems['form'], 'bad')}
<form method="post" action="/sign-up${kept(visit.url)}">${visit.token()}
${field({ name: 'name', label: 'Your name', value: sent.get('name') ?? '', autocomplete: 'name', maxlength: 100, error: problems['name'] })}
${field({ name: 'email', label: 'E-mail', type: 'email', value: sent.get('email') ?? '', autocomplete: 'username', error: problems['email'] })}
${field({
  name: 'password',
  label: 'Password',
  type: 'password',
  autocomplete: 'new-password',
  hint: PASSWORD_GUIDANCE,
  error: problems['password'],
})}
<div class="actions"><button>Create account</button></div>
</form>
<p class="quiet">Already have an account? <a href="/sign-in${kept(visit.url)}">Sign in</a></p>`,
  }
}
