import type { Role } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

export interface MemberRow {
  readonly user_id: string
  readonly role: Role
  readonly created_at: Date
}

export interface NamedMemberRow extends MemberRow {
  readonly name: string
  readonly email: string
  readonly two_factor_enabled: boolean
}

const selectMembers = statement<NamedMemberRow>(
  'access.list-members',
  `select m.user_id, m.role, m.created_at, u.name, u.email, coalesce(u.two_factor_enabled, false) as two_factor_enabled
   from access.members m join access.users u on u.id = m.user_id
   where m.tenant_id = $1 order by m.created_at, m.user_id limit 1000`,
)
const selectMemberByEmail = statement<{ user_id: string }>(
  'access.find-member-by-email',
  `select m.user_id from access.members m join access.users u on u.id = m.user_id
   where m.tenant_id = $1 and u.email = lower($2)`,
)
const lockMembers = statement<MemberRow>(
  'access.lock-members',
  `select user_id, role, created_at from access.members
   where tenant_id = $1 and (user_id = $2 or role = 'owner') order by user_id for update`,
)
const lockOne = statement<{ role: Role }>(
  'access.lock-role',
  'select role from access.members where tenant_id = $1 and user_id = $2 for share',
)
const updateRole = statement(
  'access.change-role',
  'update access.members set role = $3 where tenant_id = $1 and user_id = $2',
)
const deleteMember = statement(
  'access.remove-member',
  'delete from access.members where tenant_id = $1 and user_id = $2',
)
const insertMember = statement<{ id: string }>(
  'access.add-member',
  `insert into access.members (tenant_id, id, user_id, role, created_at) values ($1, $2, $3, $4, $5)
   on conflict (tenant_id, user_id) do nothing returning id`,
)

/** With names, which only the system handle sees; at most 1000, the oldest first. */
export async function listMembers(system: Db, tenantId: string): Promise<NamedMemberRow[]> {
  return selectMembers(system, [tenantId])
}

export async function isMember(system: Db, tenantId: string, email: string): Promise<boolean> {
  return (await selectMemberByEmail(system, [tenantId, email])).length > 0
}

/** Locks the member and every owner: two owners who remove each other at once must not both succeed. */
export async function lockMemberAndOwners(
  ctx: Ctx,
  userId: string,
): Promise<{ readonly member: MemberRow | undefined; readonly owners: number }> {
  const rows = await lockMembers(ctx.db, [ctx.tenantId, userId])
  return {
    member: rows.find((row) => row.user_id === userId),
    owners: rows.filter((row) => row.role === 'owner').length,
  }
}

/** Undefined for who is no member. Locked against change until the transaction ends. */
export async function lockRole(ctx: Ctx, userId: string): Promise<Role | undefined> {
  return (await lockOne(ctx.db, [ctx.tenantId, userId]))[0]?.role
}

export async function saveRole(ctx: Ctx, userId: string, role: Role): Promise<void> {
  await updateRole(ctx.db, [ctx.tenantId, userId, role])
}

export async function removeMemberRow(ctx: Ctx, userId: string): Promise<void> {
  await deleteMember(ctx.db, [ctx.tenantId, userId])
}

/** False when the person was a member already. */
export async function addMember(
  ctx: Ctx,
  member: { id: string; userId: string; role: Role; since: Date },
): Promise<boolean> {
  const { id, userId, role, since } = member
  return (await insertMember(ctx.db, [ctx.tenantId, id, userId, role, since])).length > 0
}
