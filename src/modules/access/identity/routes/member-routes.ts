import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { acceptInvitation, cancelInvitation, invitationsOf, invite, myInvitations } from '../invitations.ts'
import type { InvitationParts } from '../invitations.ts'
import { changeRole, membersOf, removeMember } from '../members.ts'

const tags = ['members']

/** Who is in the organisation, and who is asked to be. */
export function memberRoutes(parts: InvitationParts): Route[] {
  const { system } = parts
  return [
    route(membersOf(system), {
      method: 'GET',
      path: '/api/v1/members',
      tags,
      summary: 'The people of the organisation with their roles',
    }),
    route(changeRole, {
      method: 'PATCH',
      path: '/api/v1/members/:user_id',
      tags,
      summary: 'Give a member another role; at most your own',
    }),
    route(removeMember, {
      method: 'DELETE',
      path: '/api/v1/members/:user_id',
      tags,
      summary: 'Take a member out of the organisation; their tokens for it are refused at once',
    }),
    route(invite(parts), {
      method: 'POST',
      path: '/api/v1/invitations',
      tags,
      status: 201,
      summary: 'Invite an e-mail to the organisation; a link is sent',
    }),
    route(invitationsOf, {
      method: 'GET',
      path: '/api/v1/invitations',
      tags,
      summary: 'The invitations of the organisation, the newest first',
    }),
    route(cancelInvitation, {
      method: 'DELETE',
      path: '/api/v1/invitations/:invitation_id',
      tags,
      summary: 'Take an open invitation back',
    }),
    route(myInvitations(system), {
      method: 'GET',
      path: '/api/v1/users/me/invitations',
      tags,
      summary: 'The open invitations to your confirmed address',
    }),
    route(acceptInvitation(system), {
      method: 'POST',
      path: '/api/v1/invitations/:invitation_id/accept',
      tags,
      summary: 'Become a member of the organisation that invited you; refresh with its tenant_id to work there',
    }),
  ]
}
