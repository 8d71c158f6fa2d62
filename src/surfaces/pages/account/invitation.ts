import { z } from 'zod'
import { html } from '../html.ts'
import { notice } from '../field.ts'
import type { withRest } from '../rest.ts'
import type { Page } from '../visit.ts'
import { framed } from './frame.ts'

const Mine = z.array(z.object({ invitation_id: z.string(), organization: z.string(), role: z.string() }))
const Accepted = z.object({ tenant_id: z.string() })

/** Where the link of an invitation leads: to accept it, as the person it was sent to. */
export function invitation(asPerson: ReturnType<typeof withRest>): Page {
  return {
    path: '/invitation',
    public: 'It asks to sign in first, as whoever was invited.',
    get: (visit) =>
      asPerson(visit, async (rest) => {
        const id = visit.url.searchParams.get('id')
        const found = (await rest.call('GET', '/api/v1/users/me/invitations', Mine)).find(
          (one) => one.invitation_id === id,
        )
        if (found === undefined) {
          const text =
            'There is no open invitation for the address you are signed in with. Perhaps it was accepted, taken back, or sent to another one.'
          return framed(visit, {
            title: 'Invitation',
            status: 404,
            body: html`<section>${notice(text, 'bad')}</section>`,
          })
        }
        return framed(visit, {
          title: `Join ${found.organization}?`,
          body: html`<section><p>You are invited to work in <strong>${found.organization}</strong> as <strong>${found.role}</strong>.</p>
<form method="post" action="/invitation">${visit.token()}<input type="hidden" name="id" value="${found.invitation_id}"><button>Accept</button></form></section>`,
        })
      }),
    post: (visit, sent) =>
      asPerson(visit, async (rest) => {
        const params = { invitation_id: sent.get('id') ?? '' }
        const accepted = await rest.call('POST', '/api/v1/invitations/:invitation_id/accept', Accepted, { params })
        await visit.identity.post('/organization/set-active', { organizationId: accepted.tenant_id })
        return { goTo: '/account' }
      }),
  }
}
