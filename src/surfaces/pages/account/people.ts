import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import { field, notice } from '../field.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Problems } from '../problem.ts'
import { fieldProblems } from '../rest.ts'
import type { Rest, withRest } from '../rest.ts'
import type { Page, Visit } from '../visit.ts'
import { framed, time } from './frame.ts'

const Members = z.array(z.object({ user_id: z.string(), name: z.string(), email: z.string(), role: z.string() }))
const Invitations = z.array(
  z.object({
    invitation_id: z.string(),
    email: z.string(),
    role: z.string(),
    status: z.string(),
    expires_at: z.string(),
  }),
)

/** The members and pending invitations of the organisation. Reading needs `access:read`, changing `access:write`. */
export function people(asPerson: ReturnType<typeof withRest>): Page {
  return {
    path: '/account/people',
    public: "It requires sign-in, and shows what the person's role allows.",
    get: (visit) => asPerson(visit, (rest) => shown(visit, rest, new URLSearchParams(), {})),
    post: (visit, sent) =>
      asPerson(visit, async (rest) => {
        try {
          await act(rest, sent)
        } catch (error) {
          return shown(visit, rest, sent, fieldProblems(error))
        }
        return { goTo: '/account/people' }
      }),
  }
}

async function act(rest: Rest, sent: URLSearchParams): Promise<void> {
  const [removed, cancelled] = [sent.get('remove'), sent.get('cancel')]
  if (removed !== null) {
    await rest.call('DELETE', '/api/v1/members/:user_id', z.unknown(), { params: { user_id: removed } })
  } else if (cancelled !== null) {
    const params = { invitation_id: cancelled }
    await rest.call('DELETE', '/api/v1/invitations/:invitation_id', z.unknown(), { params })
  } else {
    const body = { email: (sent.get('email') ?? '').trim(), role: sent.get('role') ?? '' }
    await rest.call('POST', '/api/v1/invitations', z.unknown(), { body })
  }
}

async function shown(visit: Visit, rest: Rest, sent: URLSearchParams, problems: Problems) {
  const { scopes } = rest.principal
  if (!scopes.has('access:read')) {
    const body = html`<section><p>Only managers, admins and owners can see the members of this organisation.</p></section>`
    return framed(visit, { title: 'People', body })
  }
  const members = await rest.call('GET', '/api/v1/members', Members)
  const open = (await rest.call('GET', '/api/v1/invitations', Invitations)).filter(({ status }) => status === 'pending')
  const mayChange = scopes.has('access:write')
  return framed(visit, {
    title: 'People',
    status: Object.keys(problems).length > 0 ? 422 : 200,
    body: html`${problems['form'] !== undefined && notice(problems['form'], 'bad')}<section>
<h2>Members</h2>
<ul class="rows">${members.map((member) => memberRow(visit, rest, member, mayChange))}</ul>
</section>
${open.length > 0 && html`<section><h2>Pending invitations</h2><ul class="rows">${open.map((one) => invitationRow(visit, one, mayChange))}</ul></section>`}
${mayChange && inviteForm(visit, rest, sent, problems)}`,
  })
}

function memberRow(visit: Visit, rest: Rest, member: z.output<typeof Members>[number], mayChange: boolean): Html {
  const { user_id: id, name, email, role } = member
  return html`<li><span><strong>${name}</strong>, ${role}<br><span class="quiet small">${email}</span></span>
${mayChange && id !== rest.principal.userId && html`<form method="post" action="/account/people">${visit.token()}<button class="danger" name="remove" value="${id}">Remove</button></form>`}</li>`
}

function invitationRow(visit: Visit, one: z.output<typeof Invitations>[number], mayChange: boolean): Html {
  return html`<li><span>${one.email}, as ${one.role}<br><span class="quiet small">Expires ${time(one.expires_at)}</span></span>
${mayChange && html`<form method="post" action="/account/people">${visit.token()}<button class="plain" name="cancel" value="${one.invitation_id}">Cancel invitation</button></form>`}</li>`
}

function inviteForm(visit: Visit, { principal }: Rest, sent: URLSearchParams, problems: Problems): Html {
  const roles = ROLES.slice(0, principal.role === undefined ? 0 : ROLES.indexOf(principal.role) + 1)
  const chosen = sent.get('role') ?? 'member'
  return html`<section>
<h2>Invite a person</h2>
<form method="post" action="/account/people">${visit.token()}
<div class="columns">
${field({ name: 'email', label: 'E-mail', type: 'email', value: sent.get('email') ?? '', autocomplete: 'off', error: problems['email'] })}
<div class="field"><label for="role">Role</label>
<select id="role" name="role">${roles.map((role) => html`<option value="${role}"${role === chosen && html` selected`}>${role}</option>`)}</select></div>
</div>
<button>Send invitation</button>
</form>
</section>`
}
