import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import { query } from '#kernel/calls/operation'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import type { WriteCtx } from '#kernel/writes/change'
import { answered, answerOf } from '../answers.ts'
import { requireRank } from './role-rules.ts'
import { listMembers, lockMemberAndOwners, NamedMember, removeMemberRow, saveRole } from './store/members.ts'
import type { Member } from './store/members.ts'

const MemberRef = z.strictObject({ user_id: z.string().min(1).max(100) })
const role = z.enum(ROLES)

/** The members of the organisation, with their roles. */
export const membersOf = (system: Db) =>
  query({
    scope: 'access:read',
    input: z.strictObject({}),
    output: z.array(answerOf(NamedMember)),
    run: async ({ tenantId }) => (await listMembers(system, tenantId)).map(answered),
  })

/** Changes a member's role; it applies to their existing tokens from the commit on, in every process. */
export const changeRole = change({
  action: 'access.change-role',
  scope: 'access:write',
  effect: 'update',
  input: MemberRef.extend({ role }),
  output: z.object({ user_id: z.string(), role }),
  async work(ctx, after) {
    const before = await lockMemberForChange(ctx, after.user_id, after.role)
    requireRank(ctx, after.role)
    await saveRole(ctx, after)
    return { result: after, subject: after.user_id, before: { role: before.role }, after: { role: after.role } }
  },
})

/** Removes a member from the organisation; their tokens for it are refused from the commit on. */
export const removeMember = change({
  action: 'access.remove-member',
  scope: 'access:write',
  effect: 'destroy',
  input: MemberRef,
  output: z.object({ user_id: z.string(), status: z.literal('removed') }),
  async work(ctx, { user_id }) {
    const member = await lockMemberForChange(ctx, user_id, undefined)
    await removeMemberRow(ctx, { user_id })
    return { result: { user_id, status: 'removed' as const }, subject: user_id, before: { role: member.role } }
  },
})

/**
 * Locks a member for a change. Refuses when the member's role is above the caller's own, or when the last owner would
 * lose that role.
 */
async function lockMemberForChange(ctx: WriteCtx, userId: string, next: Role | undefined): Promise<Member> {
  const { member, owners } = await lockMemberAndOwners(ctx, userId)
  if (member === undefined)
    throw new Failure('not_found', `There is no member ${userId}.`, { code: 'MEMBER_NOT_FOUND' })
  requireRank(ctx, member.role)
  if (member.role === 'owner' && next !== 'owner' && owners === 1) {
    throw new Failure('conflict', 'This is the last owner. Make another member an owner first.', { code: 'LAST_OWNER' })
  }
  return member
}
