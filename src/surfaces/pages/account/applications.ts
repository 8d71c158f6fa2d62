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

/** Which applications a person let in, with what, and the way to end that: what the consent page promises. */
export function applications(table: readonly ScopeGrant[]): Page {
  return {
    path: PATH,
    public: 'It asks to sign in first, and shows people their own.',
    async get(visit) {
      if ((await personOf(visit)) === undefined) return signInFirst(visit)
      return shown(visit, table)
    },
    async post(visit, sent) {
      if ((await personOf(visit)) === undefined) return signInFirst(visit)
      // Somebody else's, or one that is gone, is answered like one that was never there: the list shows what is left.
      await visit.identity.post('/oauth2/delete-consent', { id: sent.get('withdraw') ?? '' })
      return { goTo: PATH }
    },
  }
}

async function shown(visit: Visit, table: readonly ScopeGrant[]): Promise<PageAnswer> {
  // Where another issuer makes the tokens, the library knows of no consents.
  const answer = await visit.identity.get('/oauth2/get-consents')
  const consents = Consents.parse(answer.ok ? answer.list : [])
  const organisations = new Map((await organisationsOf(visit)).map(({ id, name }) => [id, name]))
  const rows = await Promise.all(consents.map((one) => row(visit, one, organisations, table)))
  return framed(visit, {
    title: 'Applications',
    body: html`<section>
<h2>What you let in</h2>
${
  rows.length === 0
    ? html`<p class="quiet">No application acts for you. One that you connect asks you first, and is shown here then.</p>`
    : html`<p>They act in your name. One that you end is refused at once, and has to ask you again.</p><ul class="rows">${rows}</ul>`
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
  }<br><span class="quiet small">May ${describeGrants(scopes, table).join('; ')}.<br>
Allowed ${time(updatedAt)}</span></span>
<form method="post" action="${PATH}">${visit.token()}<button class="danger" name="withdraw" value="${id}">End</button></form></li>`
}
