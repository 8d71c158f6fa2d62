import { z } from 'zod'
import type { ScopeGrant } from '#kernel/authorization'
import { clientName, describeGrants } from '../client.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import { organisationsOf, personOf, signInFirst } from '../session.ts'
import type { Page, PageAnswer, Visit } from '../visit.ts'
import { framed, time } from './frame.ts'

const Consents = z.array(
  z.object({
    id: z.string(),
    clientId: z.string(),
    referenceId: z.string().nullish(),
    scopes: z.array(z.string()),
    updatedAt: z.string(),
  }),
)
type Consent = z.output<typeof Consents>[number]

const PATH = '/account/applications'

/** The OAuth applications a person has authorized, their scopes, and a button that revokes each. */
export function applications(table: readonly ScopeGrant[]): Page {
  return {
    path: PATH,
    public: 'It requires sign-in, and shows people only their own applications.',
    async get(visit) {
      if ((await personOf(visit)) === undefined) return signInFirst(visit)
      return shown(visit, table)
    },
    async post(visit, sent) {
      if ((await personOf(visit)) === undefined) return signInFirst(visit)
      // The answer is ignored: a consent that is unknown, revoked or another person's must not be told apart.
      await visit.identity.post('/oauth2/delete-consent', { id: sent.get('withdraw') ?? '' })
      return { goTo: PATH }
    },
  }
}

async function shown(visit: Visit, table: readonly ScopeGrant[]): Promise<PageAnswer> {
  // With an external token issuer the library holds no consents.
  const answer = await visit.identity.get('/oauth2/get-consents')
  const consents = Consents.parse(answer.ok ? answer.list : [])
  const organisations = new Map((await organisationsOf(visit)).map(({ id, name }) => [id, name]))
  const rows = await Promise.all(consents.map((one) => row(visit, one, organisations, table)))
  return framed(visit, {
    title: 'Applications',
    body: html`<section>
<h2>Authorized applications</h2>
${
  rows.length === 0
    ? html`<p class="quiet">You have not authorized any applications.</p>`
    : html`<p>These applications can act on your behalf. If you revoke one, it loses access at once and has to ask you again.</p><ul class="rows">${rows}</ul>`
}
</section>`,
  })
}

async function row(
  visit: Visit,
  { id, clientId, referenceId, scopes, updatedAt }: Consent,
  organisations: ReadonlyMap<string, string>,
  table: readonly ScopeGrant[],
): Promise<Html> {
  const { body } = await visit.identity.get('/oauth2/public-client', { client_id: clientId })
  const { name, host } = clientName(clientId, body)
  const organisation = organisations.get(referenceId ?? '')
  return html`<li><span><strong>${name}</strong>${host !== undefined && host !== name && html` from ${host}`}${
    organisation !== undefined && html`, in ${organisation}`
  }<br><span class="quiet small">Can ${describeGrants(scopes, table).join('; ')}.<br>
Authorized ${time(updatedAt)}</span></span>
<form method="post" action="${PATH}">${visit.token()}<button class="danger" name="withdraw" value="${id}">Revoke access</button></form></li>`
}
