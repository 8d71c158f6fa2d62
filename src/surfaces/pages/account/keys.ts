import { z } from 'zod'
import type { ScopeGrant } from '#kernel/authorization'
import { choice, field, notice } from '../field.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Problems } from '../problem.ts'
import { fieldProblems } from '../rest.ts'
import type { Rest, withRest } from '../rest.ts'
import type { Page, Visit } from '../visit.ts'
import { framed, time } from './frame.ts'

const Keys = z.object({
  keys: z.array(
    z.object({
      key_id: z.string(),
      name: z.string(),
      prefix: z.string(),
      scopes: z.array(z.string()),
      created_at: z.string(),
      expires_at: z.string().nullable(),
      revoked_at: z.string().nullable(),
      last_used_at: z.string().nullable(),
    }),
  ),
})
const Made = z.object({ key: z.string(), api_key: z.object({ name: z.string() }) })

const PATH = '/api/v1/keys'

/** The API keys of a person: the list, a form that creates one and shows it once, and a button that revokes each. */
export function keys(asPerson: ReturnType<typeof withRest>, table: readonly ScopeGrant[]): Page {
  const shown = async (visit: Visit, rest: Rest, news: Html, sent: URLSearchParams, problems: Problems) =>
    framed(visit, {
      title: 'API keys',
      status: Object.keys(problems).length > 0 ? 422 : 200,
      body: html`${news}${list(visit, (await rest.call('GET', PATH, Keys)).keys)}${createForm(visit, rest, table, sent, problems)}`,
    })
  return {
    path: '/account/keys',
    public: 'It requires sign-in, and shows people only their own keys.',
    credentials: true,
    get: (visit) => asPerson(visit, (rest) => shown(visit, rest, html``, new URLSearchParams(), {})),
    post: (visit, sent) =>
      asPerson(visit, async (rest) => {
        const revoked = sent.get('revoke')
        if (revoked !== null) {
          await rest.call('DELETE', `${PATH}/:key_id`, z.unknown(), { params: { key_id: revoked } })
          return { goTo: '/account/keys' }
        }
        try {
          const { key, api_key: made } = await rest.call('POST', PATH, Made, { body: newKey(sent) })
          return await shown(visit, rest, createdKey(key, made.name), new URLSearchParams(), {})
        } catch (error) {
          return shown(visit, rest, html``, sent, fieldProblems(error))
        }
      }),
  }
}

function newKey(sent: URLSearchParams): Record<string, unknown> {
  const day = sent.get('expires_at') ?? ''
  return {
    name: sent.get('name') ?? '',
    scopes: sent.getAll('scopes'),
    ...(day !== '' && { expires_at: `${day}T00:00:00Z` }),
    ...(sent.get('read_only') === 'yes' && { read_only: true }),
  }
}

function createdKey(key: string, name: string): Html {
  return html`<section>
<h2>Key created: ${name}</h2>
${notice('Copy this key now. You will not be able to see it again.', 'good')}
<code class="secret">${key}</code>
<p>Send it in the header <code>Authorization: Bearer …</code></p>
</section>`
}

function list(visit: Visit, all: z.output<typeof Keys>['keys']): Html {
  const active = all.filter(({ revoked_at: revokedAt }) => revokedAt === null)
  return html`<section>
<h2>Keys</h2>
${
  active.length === 0
    ? html`<p class="quiet">You have no API keys yet.</p>`
    : html`<ul class="rows">${active.map(
        (key) => html`<li><span><strong>${key.name}</strong> <code>${key.prefix}…</code><br>
<span class="quiet small">${key.scopes.join(', ')}<br>
Created ${time(key.created_at)} · ${key.last_used_at === null ? 'Never used' : html`Last used ${time(key.last_used_at)}`}${
          key.expires_at !== null && html` · Expires ${time(key.expires_at)}`
        }</span></span>
<form method="post" action="/account/keys">${visit.token()}<button class="danger" name="revoke" value="${key.key_id}">Revoke key</button></form></li>`,
      )}</ul>`
}
</section>`
}

function createForm(
  visit: Visit,
  { principal }: Rest,
  table: readonly ScopeGrant[],
  sent: URLSearchParams,
  problems: Problems,
): Html {
  const chosen = new Set(sent.getAll('scopes'))
  const scopes = table
    .filter(({ scope }) => principal.scopes.has(scope))
    .map(({ scope, describe }) =>
      choice({
        type: 'checkbox',
        name: 'scopes',
        value: scope,
        label: html`<code>${scope}</code> <span class="quiet">${describe}</span>`,
        checked: chosen.has(scope),
      }),
    )
  return html`<section>
<h2>Create a key</h2>
${problems['form'] !== undefined && notice(problems['form'], 'bad')}
<form method="post" action="/account/keys">${visit.token()}
<div class="columns">
${field({ name: 'name', label: 'Name', value: sent.get('name') ?? '', autocomplete: 'off', hint: 'What the key is for, such as the name of a program.', maxlength: 100, error: problems['name'] })}
${field({ name: 'expires_at', label: 'Expires on (optional)', type: 'date', value: sent.get('expires_at') ?? '', autocomplete: 'off', optional: true, error: problems['expires_at'] })}
</div>
<fieldset${problems['scopes'] !== undefined && html` aria-describedby="scopes-error"`}><legend>Scopes</legend>${scopes}
${problems['scopes'] !== undefined && html`<span class="error" id="scopes-error">Select at least one scope.</span>`}</fieldset>
${choice({ type: 'checkbox', name: 'read_only', value: 'yes', label: 'Read-only', checked: sent.get('read_only') === 'yes' })}
<div class="actions"><button>Create key</button></div>
</form>
</section>`
}
