import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { acceptInvitation, cancelInvitation, invitationsOf, invite, myInvitations } from '../invitations.ts'
import type { InvitationParts } from '../invitations.ts'
import { changeRole, membersOf, removeMember } from '../members.ts'

const tags = ['members']

/** The routes of members and invitations. */
export function memberRoutes(parts: InvitationParts): Route[] {
  const { system } = parts
  return [
    route(membersOf(system), {
      method: 'GET',
      path: '/api/v1/members',
      tags,
      summary: 'The members of the organisation, with their roles',
    }),
    route(changeRole, {
      method: 'PATCH',
      path: '/api/v1/members/:user_id',
      tags,
      summary: 'Change the role of a member, at most to your own',
    }),
    route(removeMember, {
      method: 'DELETE',
      path: '/api/v1/members/:user_id',
      tags,
      summary: 'Remove a member from the organisation; their tokens for it are refused at once',
    }),
    route(invite(parts), {
      method: 'POST',
      path: '/api/v1/invitations',
      tags,
      status: 201,
      summary: 'Invite an e-mail address to the organisation; a link is sent to it',
    }),
    route(invitationsOf, {
      method: 'GET',
      path: '/api/v1/invitations',
      tags,
      summary: 'The invitations of the organisation, newest first',
    }),
    route(cancelInvitation, {
      method: 'DELETE',
      path: '/api/v1/invitations/:invitation_id',
      tags,
      summary: 'Cancel an open invitation',
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
      summary: 'Accept an invitation; refresh your tokens with its tenant_id to work in that organisation',
    }),
  ]
}
