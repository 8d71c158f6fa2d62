import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { acceptInvitation, cancelInvitation, invitationsOf, invite, myInvitations } from '../invitations.ts'
import type { InvitationParts } from '../invitations.ts'
import { changeRole, membersOf, removeMember } from '../members.ts'
import type { InvitationRow } from '../store/invitations.ts'
import { Email, InvitationAnswer, MemberAnswer, RoleName } from './shapes.ts'

const TAGS = ['members']
const MemberRef = z.object({ user_id: z.string().min(1).max(100) })
const InvitationRef = z.object({ invitation_id: z.string().min(1).max(100) })

/** Who is in the organisation, and who is asked to be. */
export function memberRoutes(parts: InvitationParts): Route[] {
  return [...roleRoutes(parts.system), ...invitationRoutes(parts), ...inviteeRoutes(parts.system)]
}

function roleRoutes(system: Db): Route[] {
  const list = membersOf(system)
  return [
    route({
      method: 'GET',
      path: '/api/v1/members',
      summary: 'The people of the organisation with their roles',
      tags: TAGS,
      scope: 'access:read',
      response: z.array(MemberAnswer),
      run: async (ctx) =>
        (await list(ctx)).map(({ user_id, name, email, role, two_factor_enabled: two_factor, created_at }) => ({
          ...{ user_id, name, email, role, two_factor, since: created_at.toISOString() },
        })),
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/members/:user_id',
      summary: 'Give a member another role; at most your own',
      tags: TAGS,
      scope: 'access:write',
      params: MemberRef,
      body: z.strictObject({ role: RoleName }),
      response: z.object({ user_id: z.string(), role: RoleName }),
      run: async (ctx, { params, body }) => {
        const { user_id, role } = await changeRole(ctx, { userId: params.user_id, role: body.role })
        return { user_id, role }
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/members/:user_id',
      summary: 'Take a member out of the organisation; their tokens for it are refused at once',
      tags: TAGS,
      scope: 'access:write',
      params: MemberRef,
      response: z.object({ user_id: z.string(), status: z.literal('removed') }),
      run: async (ctx, { params }) => {
        const { user_id } = await removeMember(ctx, { userId: params.user_id })
        return { user_id, status: 'removed' as const }
      },
    }),
  ]
}

function invitationRoutes(parts: InvitationParts): Route[] {
  const ask = invite(parts)
  return [
    route({
      method: 'POST',
      path: '/api/v1/invitations',
      summary: 'Invite an e-mail to the organisation; a link is sent',
      tags: TAGS,
      scope: 'access:write',
      body: z.strictObject({ email: Email, role: RoleName.default('member') }),
      response: InvitationAnswer,
      status: 201,
      run: async (ctx, { body }) => shown(await ask(ctx, body)),
    }),
    route({
      method: 'GET',
      path: '/api/v1/invitations',
      summary: 'The invitations of the organisation, the newest first',
      tags: TAGS,
      scope: 'access:read',
      response: z.array(InvitationAnswer),
      run: async (ctx) => (await invitationsOf(ctx)).map(shown),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/invitations/:invitation_id',
      summary: 'Take an open invitation back',
      tags: TAGS,
      scope: 'access:write',
      params: InvitationRef,
      response: InvitationAnswer,
      run: async (ctx, { params }) => shown(await cancelInvitation(ctx, { id: params.invitation_id })),
    }),
  ]
}

function inviteeRoutes(system: Db): Route[] {
  const [mine, accept] = [myInvitations(system), acceptInvitation(system)]
  return [
    route({
      method: 'GET',
      path: '/api/v1/users/me/invitations',
      summary: 'The open invitations to your confirmed address',
      tags: TAGS,
      scope: 'account:read',
      response: z.array(InvitationAnswer.extend({ organization: z.string() })),
      run: async (ctx) => (await mine(ctx)).map((row) => ({ ...shown(row), organization: row.tenant_name })),
    }),
    route({
      method: 'POST',
      path: '/api/v1/invitations/:invitation_id/accept',
      summary: 'Become a member of the organisation that invited you; refresh with its tenant_id to work there',
      tags: TAGS,
      scope: 'account:write',
      params: InvitationRef,
      response: InvitationAnswer,
      run: async (ctx, { params }) => shown(await accept(ctx, { id: params.invitation_id })),
    }),
  ]
}

function shown({ id, tenant_id, email, role, status, expires_at, created_at }: InvitationRow) {
  return {
    ...{ invitation_id: id, tenant_id, email, role, status },
    ...{ expires_at: expires_at.toISOString(), created_at: created_at.toISOString() },
  }
}
