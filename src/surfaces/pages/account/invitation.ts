import { z } from 'zod'
import { html } from '../html.ts'
import { notice } from '../field.ts'
import type { withRest } from '../rest.ts'
import type { Page } from '../visit.ts'
import { framed } from './frame.ts'

const Mine = z.array(
  z.object({
    invitation_id: z.string(),
    organization: z.string(),
    role: z.string(),
    invited_by: z.string().nullable(),
  }),
)
const Accepted = z.object({ tenant_id: z.string() })

/** The page that the link in an invitation mail opens; the invited person accepts there. */
export function invitation(asPerson: ReturnType<typeof withRest>): Page {
  return {
    path: '/invitation',
    public: 'It requires sign-in, with the address that was invited.',
    get: (visit) =>
      asPerson(visit, async (rest) => {
        const id = visit.url.searchParams.get('id')
        const found = (await rest.call('GET', '/api/v1/users/me/invitations', Mine)).find(
          (one) => one.invitation_id === id,
        )
        if (found === undefined) {
          const text =
            'There is no pending invitation for the address you are signed in with. It may have been accepted, cancelled or sent to another address.'
          return framed(visit, {
            title: 'Invitation',
            status: 404,
            body: html`<section>${notice(text, 'bad')}</section>`,
          })
        }
        return framed(visit, {
          title: `Join ${found.organization}?`,
          body: html`<section><p>${found.invited_by === null ? 'You have been invited' : html`<strong>${found.invited_by}</strong> invites you`} to join <strong>${found.organization}</strong> as <strong>${found.role}</strong>.</p>
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
