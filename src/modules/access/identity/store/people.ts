import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

/** People belong to no tenant: `db` is the system handle in every function here. */

export const Person = z.strictObject({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  email_verified: z.boolean(),
  two_factor: z.boolean(),
  created_at: z.date(),
})
export type Person = z.output<typeof Person>

export const Membership = z.strictObject({
  tenant_id: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  since: z.date(),
})
export type Membership = z.output<typeof Membership>

const Id = z.strictObject({ id: z.string() })
const TenantId = z.strictObject({ tenant_id: z.string() })
const OfUser = { user_id: z.string() }

const selectPerson = statement(
  'access.find-person',
  sql`select id, name, email, email_verified, coalesce(two_factor_enabled, false) as two_factor, created_at
    from access.users where id = :user_id`,
  { params: OfUser, row: Person },
)
const selectByEmail = statement(
  'access.find-person-by-email',
  sql`select id from access.users where email = lower(:email)`,
  { params: { email: z.string() }, row: Id },
)
const selectMemberships = statement(
  'access.list-memberships',
  sql`select m.tenant_id, t.name, m.role, m.created_at as since
    from access.members m join access.tenants t on t.tenant_id = m.tenant_id
    where m.user_id = :user_id order by m.created_at, m.tenant_id`,
  { params: OfUser, row: Membership },
)
const selectDefaultTenant = statement(
  'access.default-tenant',
  sql`select m.tenant_id from access.members m join access.users u on u.id = m.user_id
    where m.user_id = :user_id
    order by (m.tenant_id = :preferred) desc nulls last, (m.tenant_id = u.last_tenant_id) desc nulls last, m.created_at,
      m.tenant_id = 'org_' || lower(regexp_replace(m.user_id, '^[^_]*_', '')), m.tenant_id
    limit 1`,
  { params: { ...OfUser, preferred: z.string().nullable() }, row: TenantId },
)
const selectPendingInvitation = statement(
  'access.has-invitation',
  sql`select id from access.invitations
    where email = lower(:email) and status = 'pending' and expires_at > :now limit 1`,
  { params: { email: z.string(), now: z.date() }, row: Id },
)

/** Deletes the open links to reset a person's password. */
export const endResets = writing(
  'access.delete-reset-links',
  sql`delete from access.verifications where value = :user_id and starts_with(identifier, 'reset-password:')`,
  { params: OfUser },
)
const confirmAddress = writing(
  'access.confirm-address',
  sql`update access.users set email_verified = true, updated_at = :now
    where id = :user_id and not email_verified returning id`,
  { params: { ...OfUser, now: z.date() }, row: Id },
)

/** Ends a person's other reset links and confirms their address; true when it was not confirmed before. */
export async function closeReset(db: Db, userId: string, now: Date): Promise<boolean> {
  await endResets(autocommit({ db }), { user_id: userId })
  return (await confirmAddress(autocommit({ db }), { user_id: userId, now })).length > 0
}

export async function findPerson(db: Db, userId: string): Promise<Person | undefined> {
  const [row] = await selectPerson({ db }, { user_id: userId })
  return row
}

export async function findPersonIdByEmail(db: Db, email: string): Promise<string | undefined> {
  const [row] = await selectByEmail({ db }, { email })
  return row?.id
}

/** Oldest first. */
export async function listMemberships(db: Db, userId: string): Promise<Membership[]> {
  return selectMemberships({ db }, { user_id: userId })
}

/**
 * The organisation a person works in: the preferred one if they are a member of it, else the last used one, else the
 * one they joined first. Of several that they joined at the same time, their personal one comes last.
 */
export async function findDefaultTenant(
  db: Db,
  userId: string,
  preferredTenantId?: string,
): Promise<string | undefined> {
  const [row] = await selectDefaultTenant({ db }, { user_id: userId, preferred: preferredTenantId ?? null })
  return row?.tenant_id
}

export async function isInvited(db: Db, email: string, now: Date): Promise<boolean> {
  return (await selectPendingInvitation({ db }, { email, now })).length > 0
}
