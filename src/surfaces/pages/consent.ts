import { Failure } from '#kernel/failure'
import type { ScopeGrant } from '#kernel/authorization'
import { clientName, describeGrants } from './client.ts'
import { clientTarget, continuationOf, signedQuery } from './continuation.ts'
import { choice } from './field.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { organisationsOf, personOf } from './session.ts'
import type { Organisation, Person } from './session.ts'
import type { Page, PageAnswer, Visit } from './visit.ts'

/** The OAuth consent page: the person allows or denies a client these scopes in one organisation. */
export function consent(scopes: readonly ScopeGrant[]): Page {
  return {
    path: '/consent',
    public: 'It requires sign-in.',
    async get(visit) {
      requireSigned(visit)
      const person = await personOf(visit)
      if (person === undefined) return { goTo: `/sign-in?${signedQuery(visit.url)}` }
      const leadsTo = await clientTarget(visit)
      if (leadsTo === undefined) throw startAgain()
      return question(visit, person, { ...(await clientOf(visit)), leadsTo }, await organisationsOf(visit), scopes)
    },
    async post(visit, sent) {
      const query = requireSigned(visit)
      const organisation = sent.get('organisation')
      const accept = sent.get('decision') === 'allow'
      if (accept && organisation !== null) {
        const chosen = await visit.identity.post('/organization/set-active', { organizationId: organisation })
        if (!chosen.ok) throw new Failure('forbidden', 'You are not a member of this organisation.')
      }
      const answer = await visit.identity.post('/oauth2/consent', { accept, oauth_query: query })
      const next = answer.ok ? continuationOf(answer, visit.url, visit.base) : undefined
      if (next === undefined) throw startAgain()
      return { goTo: next }
    },
  }
}

interface Client {
  readonly name: string
  /** The host of its client ID metadata document; undefined when its name is unverified. */
  readonly host: string | undefined
  readonly returnsTo: string
  readonly leadsTo: string
}

async function clientOf(visit: Visit): Promise<Omit<Client, 'leadsTo'>> {
  const id = visit.url.searchParams.get('client_id') ?? ''
  const { ok, body } = await visit.identity.get('/oauth2/public-client', { client_id: id })
  if (!ok) throw startAgain()
  const target = visit.url.searchParams.get('redirect_uri') ?? ''
  return { ...clientName(id, body), returnsTo: URL.canParse(target) ? placeOf(new URL(target)) : '' }
}

function placeOf({ protocol, hostname, host }: URL): string {
  if (['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return 'a program on this computer'
  return protocol === 'https:' || protocol === 'http:'
    ? host
    : `the program on this computer that opens ${protocol} links`
}

function question(
  visit: Visit,
  person: Person,
  client: Client,
  organisations: readonly Organisation[],
  table: readonly ScopeGrant[],
): PageAnswer {
  const scopes = (visit.url.searchParams.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const grants = describeGrants(scopes, table)
  return {
    title: `Authorize ${client.name}`,
    leadsTo: client.leadsTo,
    body: html`<p>You are signed in as <strong>${person.email}</strong>.</p>
<dl class="facts">
<dt>Application</dt><dd>${client.name}${client.host === undefined ? html` <span class="quiet">(unverified name)</span>` : html` from <strong>${client.host}</strong>`}</dd>
<dt>Returns you to</dt><dd>${client.returnsTo}</dd>
</dl>
<p>If you allow this, the application can do the following on your behalf:</p>
<ul class="grants">${grants.length === 0 ? html`<li>know who you are</li>` : grants.map((text) => html`<li>${text}</li>`)}</ul>
<form method="post" action="/consent?${signedQuery(visit.url)}">${visit.token()}
${organisationChoice(organisations, person)}
<p class="quiet small">Allow this only if you started it yourself. You can revoke access at any time under Account, Applications.</p>
<div class="actions">
<button name="decision" value="allow">Allow</button>
<button class="plain" name="decision" value="deny">Deny</button>
</div>
</form>`,
  }
}

function organisationChoice(organisations: readonly Organisation[], { organisationId }: Person): Html {
  const [first] = organisations
  if (first === undefined) return html``
  if (organisations.length === 1) {
    return html`<p>Organisation: <strong>${first.name}</strong><input type="hidden" name="organisation" value="${first.id}"></p>`
  }
  const active = organisations.some(({ id }) => id === organisationId) ? organisationId : first.id
  return html`<fieldset><legend>Organisation</legend>
${organisations.map(({ id, name }) => choice({ type: 'radio', name: 'organisation', value: id, label: name, checked: id === active }))}
</fieldset>`
}

function requireSigned({ url }: Visit): string {
  const query = signedQuery(url)
  if (query === undefined) throw startAgain()
  return query
}

function startAgain(): Failure {
  return new Failure('invalid', 'This request has expired or is incomplete. Start again in the application.')
}
