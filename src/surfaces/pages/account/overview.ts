import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { choice, notice } from '../field.ts'
import { html } from '../html.ts'
import type { Html } from '../html.ts'
import type { Rest, withRest } from '../rest.ts'
import { personOf } from '../session.ts'
import type { Page, Visit } from '../visit.ts'
import { framed, time } from './frame.ts'

const Me = z.object({
  name: z.string(),
  email: z.string(),
  tenant_id: z.string(),
  role: z.string().nullable(),
  organizations: z.array(z.object({ tenant_id: z.string(), name: z.string(), role: z.string() })),
})
const Sessions = z.array(
  z.object({
    session_id: z.string(),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    last_used_at: z.string(),
  }),
)
const Invitations = z.array(z.object({ invitation_id: z.string(), organization: z.string(), role: z.string() }))

/** The account overview: profile, current organisation, pending invitations, and active sessions. */
export function overview(asPerson: ReturnType<typeof withRest>): Page {
  return {
    path: '/account',
    public: 'It requires sign-in, and shows people only their own account.',
    get: (visit) =>
      asPerson(visit, async (rest) => framed(visit, { title: 'Your account', body: await parts(visit, rest) })),
    post: (visit, sent) =>
      asPerson(visit, async (rest) => {
        const [session, organisation] = [sent.get('session'), sent.get('organisation')]
        if (organisation !== null) {
          await visit.identity.post('/organization/set-active', { organizationId: organisation })
        }
        if (session === 'all') await rest.call('DELETE', '/api/v1/auth/sessions', z.unknown())
        else if (session !== null) {
          await rest.call('DELETE', '/api/v1/auth/sessions/:session_id', z.unknown(), {
            params: { session_id: session },
          })
        }
        return { goTo: '/account' }
      }),
  }
}

async function parts(visit: Visit, rest: Rest): Promise<Html> {
  const me = await rest.call('GET', '/api/v1/users/me', Me)
  const sessions = await rest.call('GET', '/api/v1/auth/sessions', Sessions)
  const here = (await personOf(visit))?.sessionId
  return html`<section>
<h2>Profile</h2>
<dl class="facts columns">
<div><dt>Name</dt><dd>${me.name}</dd></div>
<div><dt>E-mail</dt><dd>${me.email}</dd></div>
<div><dt>Role</dt><dd>${me.role ?? 'none'}</dd></div>
</dl>
</section>
${organisations(visit, me)}
${invitations(visit, await pendingInvitations(rest))}
<section>
<h2>Active sessions</h2>
<ul class="rows">${sessions.map((session) => sessionRow(visit, session, session.session_id === here))}</ul>
<form method="post" action="/account">${visit.token()}<button class="danger" name="session" value="all">Sign out everywhere</button></form>
</section>`
}

/** Empty while the person's address is not confirmed. */
async function pendingInvitations(rest: Rest): Promise<z.output<typeof Invitations>> {
  try {
    return await rest.call('GET', '/api/v1/users/me/invitations', Invitations)
  } catch (error) {
    if (error instanceof Failure && error.code === 'EMAIL_NOT_VERIFIED') return []
    throw error
  }
}

function organisations(visit: Visit, me: z.output<typeof Me>): Html {
  const choices = me.organizations.map(({ tenant_id: id, name, role }) =>
    choice({
      type: 'radio',
      name: 'organisation',
      value: id,
      label: html`${name} <span class="quiet">as ${role}</span>`,
      checked: id === me.tenant_id,
    }),
  )
  return html`<section>
<h2>Organisation</h2>
${
  me.organizations.length === 1
    ? html`<p>You are a member of <strong>${me.organizations[0]?.name}</strong>.</p>`
    : html`<form method="post" action="/account">${visit.token()}
<fieldset><legend>Current organisation</legend>${choices}</fieldset>
<button class="plain">Switch organisation</button>
</form>`
}
</section>`
}

function invitations(visit: Visit, list: z.output<typeof Invitations>): Html {
  if (list.length === 0) return html``
  return html`<section>
<h2>Invitations</h2>
${notice('You have been invited to join an organisation.', 'good')}
<ul class="rows">${list.map(
    ({ invitation_id: id, organization, role }) => html`<li><span><strong>${organization}</strong>, as ${role}</span>
<form method="post" action="/invitation">${visit.token()}<button name="id" value="${id}">Accept</button></form></li>`,
  )}</ul>
</section>`
}

function sessionRow(visit: Visit, session: z.output<typeof Sessions>[number], isCurrent: boolean): Html {
  return html`<li><span>${deviceOf(session.user_agent)}${isCurrent && html` <strong>(this session)</strong>`}<br><span class="quiet small">${session.ip_address ?? 'unknown address'}, last used ${time(session.last_used_at)}</span></span>
<form method="post" action="/account">${visit.token()}<button class="plain" name="session" value="${session.session_id}">Sign out</button></form></li>`
}

const BROWSERS = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/(Chrome|Chromium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
] as const
const SYSTEMS = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
] as const

function deviceOf(userAgent: string | null): string {
  const found = (names: typeof BROWSERS | typeof SYSTEMS) => names.find(([sign]) => sign.test(userAgent ?? ''))?.[1]
  const [browser, system] = [found(BROWSERS), found(SYSTEMS)]
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`
  return (userAgent ?? '') === '' ? 'Unknown device' : (userAgent ?? '').slice(0, 60)
}
