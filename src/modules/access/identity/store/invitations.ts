import type { Role } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

export interface InvitationRow {
  readonly tenant_id: string
  readonly id: string
  readonly email: string
  readonly role: Role
  readonly status: 'pending' | 'accepted' | 'rejected' | 'canceled'
  readonly inviter_id: string
  readonly expires_at: Date
  readonly created_at: Date
}

const COLUMNS = 'tenant_id, id, email, role, status, inviter_id, expires_at, created_at'

const insertRow = statement<InvitationRow>(
  'access.insert-invitation',
  `insert into access.invitations (${COLUMNS}) values ($1, $2, lower($3), $4, 'pending', $5, $6, $7)
   on conflict (tenant_id, email) where status = 'pending' do update
     set role = excluded.role, inviter_id = excluded.inviter_id, expires_at = excluded.expires_at
   returning ${COLUMNS}`,
)
const selectOfTenant = statement<InvitationRow>(
  'access.list-invitations',
  `select ${COLUMNS} from access.invitations where tenant_id = $1 order by created_at desc, id limit 500`,
)
const selectOfEmail = statement<InvitationRow & { tenant_name: string }>(
  'access.list-invitations-of-person',
  `select i.tenant_id, i.id, i.email, i.role, i.status, i.inviter_id, i.expires_at, i.created_at, t.name as tenant_name
   from access.invitations i join access.tenants t on t.tenant_id = i.tenant_id
   where i.email = $1 and i.status = 'pending' and i.expires_at > $2 order by i.created_at desc, i.id limit 100`,
)
const selectForEmail = statement<{ tenant_id: string }>(
  'access.find-invitation-of-person',
  'select tenant_id from access.invitations where id = $1 and email = $2',
)
const lockRow = statement<InvitationRow>(
  'access.lock-invitation',
  `select ${COLUMNS} from access.invitations where tenant_id = $1 and id = $2 for update`,
)
const updateStatus = statement<InvitationRow>(
  'access.close-invitation',
  `update access.invitations set status = $3 where tenant_id = $1 and id = $2 returning ${COLUMNS}`,
)
const selectTenantName = statement<{ name: string }>(
  'access.tenant-name',
  'select name from access.tenants where tenant_id = $1',
)

/** One open invitation an e-mail: a second one takes its place, and keeps its id. */
export async function insertInvitation(
  ctx: Ctx,
  given: { id: string; email: string; role: Role; inviterId: string; expiresAt: Date },
): Promise<InvitationRow> {
  const values = [ctx.tenantId, given.id, given.email, given.role, given.inviterId, given.expiresAt, ctx.clock()]
  const [row] = await insertRow(ctx.db, values)
  if (row === undefined) throw new Error('insert … returning gave no row')
  return row
}

/** The newest first, at most 500, whatever became of them. */
export async function listInvitations(ctx: Ctx): Promise<InvitationRow[]> {
  return selectOfTenant(ctx.db, [ctx.tenantId])
}

/** Open ones, of every tenant; for the system handle. */
export async function listInvitationsOf(system: Db, email: string, now: Date) {
  return selectOfEmail(system, [email, now])
}

/** The tenant of an invitation to this e-mail; for the system handle. */
export async function findInvitingTenant(system: Db, id: string, email: string): Promise<string | undefined> {
  const [row] = await selectForEmail(system, [id, email])
  return row?.tenant_id
}

export async function lockInvitation(ctx: Ctx, id: string): Promise<InvitationRow | undefined> {
  const [row] = await lockRow(ctx.db, [ctx.tenantId, id])
  return row
}

export async function closeInvitation(ctx: Ctx, id: string, status: 'accepted' | 'canceled'): Promise<void> {
  await updateStatus(ctx.db, [ctx.tenantId, id, status])
}

export async function tenantName(ctx: Ctx): Promise<string> {
  const [row] = await selectTenantName(ctx.db, [ctx.tenantId])
  return row?.name ?? ctx.tenantId
}
