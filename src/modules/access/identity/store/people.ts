import type { Role } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** Every statement here is about people of all tenants: `db` is the system handle. */

export interface PersonRow {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly email_verified: boolean
  readonly two_factor_enabled: boolean
  readonly created_at: Date
}

export interface MembershipRow {
  readonly tenant_id: string
  readonly tenant_name: string
  readonly role: Role
  readonly since: Date
}

const selectPerson = statement<PersonRow>(
  'access.find-person',
  `select id, name, email, email_verified, coalesce(two_factor_enabled, false) as two_factor_enabled, created_at
   from access.users where id = $1`,
)
const selectByEmail = statement<{ id: string }>(
  'access.find-person-by-email',
  'select id from access.users where email = lower($1)',
)
const selectMemberships = statement<MembershipRow>(
  'access.list-memberships',
  `select m.tenant_id, t.name as tenant_name, m.role, m.created_at as since
   from access.members m join access.tenants t on t.tenant_id = m.tenant_id
   where m.user_id = $1 order by m.created_at, m.tenant_id`,
)
const selectDefaultTenant = statement<{ tenant_id: string }>(
  'access.default-tenant',
  `select m.tenant_id from access.members m join access.users u on u.id = m.user_id
   where m.user_id = $1
   order by (m.tenant_id = $2) desc nulls last, (m.tenant_id = u.last_tenant_id) desc nulls last, m.created_at,
     m.tenant_id = 'org_' || lower(regexp_replace(m.user_id, '^[^_]*_', '')), m.tenant_id
   limit 1`,
)
const selectPendingInvitation = statement<{ id: string }>(
  'access.has-invitation',
  `select id from access.invitations where email = lower($1) and status = 'pending' and expires_at > $2 limit 1`,
)

export async function findPerson(db: Db, userId: string): Promise<PersonRow | undefined> {
  const [row] = await selectPerson(db, [userId])
  return row
}

export async function findPersonIdByEmail(db: Db, email: string): Promise<string | undefined> {
  const [row] = await selectByEmail(db, [email])
  return row?.id
}

/** The oldest first. */
export async function listMemberships(db: Db, userId: string): Promise<MembershipRow[]> {
  return selectMemberships(db, [userId])
}

/**
 * Where a person works: in the organisation that is preferred while they are a member, else where they last did, else in
 * the one they joined first. Whoever was made a member together with their account works there, not in their own.
 */
export async function findDefaultTenant(
  db: Db,
  userId: string,
  preferredTenantId?: string,
): Promise<string | undefined> {
  const [row] = await selectDefaultTenant(db, [userId, preferredTenantId ?? null])
  return row?.tenant_id
}

export async function isInvited(db: Db, email: string, now: Date): Promise<boolean> {
  return (await selectPendingInvitation(db, [email, now])).length > 0
}
