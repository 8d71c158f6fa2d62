import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const ByUser = { user_id: z.string() }
const Ref = z.strictObject(ByUser)
const Member = Ref.extend({ role: z.enum(ROLES) })
export type Member = z.output<typeof Member>

/** A member with name and e-mail; `answered` converts the time for answers. */
export const NamedMember = z.strictObject({
  user_id: z.string(),
  name: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  two_factor: z.boolean(),
  since: z.date(),
})

const selectMembers = statement(
  'access.list-members',
  sql`select m.user_id, u.name, u.email, m.role, coalesce(u.two_factor_enabled, false) as two_factor,
      m.created_at as since
    from access.members m join access.users u on u.id = m.user_id
    where m.tenant_id = :tenant_id order by m.created_at, m.user_id limit 1000`,
  { params: { tenant_id: z.string() }, row: NamedMember },
)
const selectMemberByEmail = statement(
  'access.find-member-by-email',
  sql`select m.user_id, m.role from access.members m join access.users u on u.id = m.user_id
    where m.tenant_id = :tenant_id and u.email = lower(:email)`,
  { params: { tenant_id: z.string(), email: z.string() }, row: Member },
)
const lockMembers = writing(
  'access.lock-members',
  sql`select user_id, role from access.members
    where tenant_id = :tenant_id and (user_id = :user_id or role = 'owner') order by user_id for update`,
  { params: ByUser, row: Member },
)
const lockOne = writing(
  'access.lock-role',
  sql`select role from access.members where tenant_id = :tenant_id and user_id = :user_id for share`,
  { params: ByUser, row: Member.pick({ role: true }) },
)
export const saveRole = writing(
  'access.change-role',
  sql`update access.members set role = :role where tenant_id = :tenant_id and user_id = :user_id`,
  { params: Member.shape },
)
export const removeMemberRow = writing(
  'access.remove-member',
  sql`delete from access.members where tenant_id = :tenant_id and user_id = :user_id`,
  { params: ByUser },
)
/** Adds a member; does nothing when the person is already one. */
export const addMember = writing(
  'access.add-member',
  sql`insert into access.members (tenant_id, id, user_id, role, created_at)
    values (:tenant_id, :id, :user_id, :role, :since)
    on conflict (tenant_id, user_id) do nothing`,
  { params: { ...Member.shape, id: z.string(), since: z.date() } },
)

/** The members, oldest first, at most 1000. For the system handle, which alone can read names. */
export async function listMembers(system: Db, tenantId: string) {
  return selectMembers({ db: system }, { tenant_id: tenantId })
}

/** Finds a member by e-mail address. For the system handle, which alone can read addresses. */
export async function findMemberByEmail(system: Db, tenantId: string, email: string): Promise<Member | undefined> {
  const [member] = await selectMemberByEmail({ db: system }, { tenant_id: tenantId, email })
  return member
}

/** Locks the member and every owner, so that two owners who remove each other at once cannot both succeed. */
export async function lockMemberAndOwners(
  ctx: WriteCtx,
  userId: string,
): Promise<{ readonly member: Member | undefined; readonly owners: number }> {
  const rows = await lockMembers(ctx, { user_id: userId })
  return {
    member: rows.find((row) => row.user_id === userId),
    owners: rows.filter((row) => row.role === 'owner').length,
  }
}

/** The member's role, locked until the transaction ends; undefined when the person is not a member. */
export async function lockRole(ctx: WriteCtx, userId: string): Promise<Role | undefined> {
  const [row] = await lockOne(ctx, { user_id: userId })
  return row?.role
}
