import type { Role } from '#kernel/principal'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { requireScope } from '#kernel/writes/scope'
import { requireRank } from './role-rules.ts'
import { listMembers, lockMemberAndOwners, removeMemberRow, saveRole } from './store/members.ts'
import type { MemberRow, NamedMemberRow } from './store/members.ts'

/** The people of the organisation, with their roles. */
export const membersOf =
  (system: Db) =>
  async (ctx: Ctx): Promise<NamedMemberRow[]> => {
    requireScope(ctx, 'access:read')
    return listMembers(system, ctx.tenantId)
  }

/** Gives a member another role; their tokens have it from the commit on, in every process. */
export const changeRole = change<{ userId: string; role: Role }, MemberRow>(
  'access.change-role',
  'access:write',
  async (ctx, { userId, role }) => {
    const before = await lockedMember(ctx, userId, role)
    requireRank(ctx, role)
    await saveRole(ctx, userId, role)
    const after = { ...before, role }
    return { result: after, subject: userId, before: { role: before.role }, after: { role } }
  },
)

/** Takes a member out of the organisation; their tokens for it are refused from the commit on. */
export const removeMember = change<{ userId: string }, MemberRow>(
  'access.remove-member',
  'access:write',
  async (ctx, { userId }) => {
    const member = await lockedMember(ctx, userId, undefined)
    await removeMemberRow(ctx, userId)
    return { result: member, subject: userId, before: { role: member.role } }
  },
)

/** The member, locked, whom the caller may change, and who is not the last owner losing that role. */
async function lockedMember(ctx: Ctx, userId: string, next: Role | undefined): Promise<MemberRow> {
  const { member, owners } = await lockMemberAndOwners(ctx, userId)
  if (member === undefined)
    throw new Failure('not_found', `There is no member ${userId}.`, { code: 'MEMBER_NOT_FOUND' })
  requireRank(ctx, member.role)
  if (member.role === 'owner' && next !== 'owner' && owners === 1) {
    throw new Failure('conflict', 'This is the last owner. Make somebody else an owner first.', { code: 'LAST_OWNER' })
  }
  return member
}
