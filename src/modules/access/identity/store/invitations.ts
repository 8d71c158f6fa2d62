import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

/** An invitation; `answered` converts its times for answers. */
export const InvitationRow = z.strictObject({
  invitation_id: z.string(),
  tenant_id: z.string(),
  email: z.string(),
  role: z.enum(ROLES),
  status: z.enum(['pending', 'accepted', 'rejected', 'canceled']),
  expires_at: z.date(),
  created_at: z.date(),
})
export type InvitationRow = z.output<typeof InvitationRow>

const COLUMNS = sql`i.id as invitation_id, i.tenant_id, i.email, i.role, i.status, i.expires_at, i.created_at`

const ById = { invitation_id: z.string() }
const New = { ...InvitationRow.omit({ tenant_id: true, status: true }).shape, inviter_id: z.string() }

const insertRow = writing(
  'access.insert-invitation',
  sql`insert into access.invitations as i (tenant_id, id, email, role, status, inviter_id, expires_at, created_at)
    values (:tenant_id, :invitation_id, lower(:email), :role, 'pending', :inviter_id, :expires_at, :created_at)
    on conflict (tenant_id, email) where status = 'pending' do update
      set role = excluded.role, inviter_id = excluded.inviter_id, expires_at = excluded.expires_at
    returning ${COLUMNS}`,
  { params: New, row: InvitationRow },
)
/** Invitations of every status, newest first, at most 500. */
export const listInvitations = statement(
  'access.list-invitations',
  sql`select ${COLUMNS} from access.invitations i where i.tenant_id = :tenant_id order by i.created_at desc, i.id limit 500`,
  { row: InvitationRow },
)

export const NamedInvitationRow = InvitationRow.extend({
  organization: z.string(),
  /** The name of the person who invites; null for a service or the command line. */
  invited_by: z.string().nullable(),
})

const selectOfEmail = statement(
  'access.list-invitations-of-person',
  sql`select ${COLUMNS}, t.name as organization, u.name as invited_by
    from access.invitations i join access.tenants t on t.tenant_id = i.tenant_id
      left join access.users u on u.id = i.inviter_id
    where i.email = :email and i.status = 'pending' and i.expires_at > :now
    order by i.created_at desc, i.id limit 100`,
  { params: { email: z.string(), now: z.date() }, row: NamedInvitationRow },
)
const selectForEmail = statement(
  'access.find-invitation-of-person',
  sql`select tenant_id from access.invitations where id = :invitation_id and email = :email`,
  { params: { ...ById, email: z.string() }, row: InvitationRow.pick({ tenant_id: true }) },
)

const LockedInvitation = InvitationRow.extend({ inviter_id: z.string() })
export type LockedInvitation = z.output<typeof LockedInvitation>

const lockRow = writing(
  'access.lock-invitation',
  sql`select ${COLUMNS}, i.inviter_id from access.invitations i
    where i.tenant_id = :tenant_id and i.id = :invitation_id for update`,
  { params: ById, row: LockedInvitation },
)
const updateStatus = writing(
  'access.close-invitation',
  sql`update access.invitations i set status = :status
    where i.tenant_id = :tenant_id and i.id = :invitation_id returning ${COLUMNS}`,
  { params: { ...ById, status: InvitationRow.shape.status }, row: InvitationRow },
)
const selectTenantName = statement(
  'access.tenant-name',
  sql`select name from access.tenants where tenant_id = :tenant_id`,
  { row: z.strictObject({ name: z.string() }) },
)

/** Inserts an invitation. If the e-mail already has an open one, that is renewed and keeps its id. */
export async function insertInvitation(
  ctx: WriteCtx,
  given: z.output<z.ZodObject<typeof New>>,
): Promise<InvitationRow> {
  return one(await insertRow(ctx, given))
}

/** The open invitations to an e-mail, of every tenant. For the system handle. */
export async function listInvitationsOf(db: Db, email: string, now: Date) {
  return selectOfEmail({ db }, { email, now })
}

/** The tenant of an invitation to this e-mail. For the system handle. */
export async function findInvitingTenant(db: Db, id: string, email: string): Promise<string | undefined> {
  const [row] = await selectForEmail({ db }, { invitation_id: id, email })
  return row?.tenant_id
}

export async function lockInvitation(ctx: WriteCtx, id: string): Promise<LockedInvitation | undefined> {
  const [row] = await lockRow(ctx, { invitation_id: id })
  return row
}

/** Sets the final status of a locked invitation. */
export async function closeInvitation(
  ctx: WriteCtx,
  id: string,
  status: 'accepted' | 'canceled',
): Promise<InvitationRow> {
  return one(await updateStatus(ctx, { invitation_id: id, status }))
}

export async function tenantName(ctx: Ctx): Promise<string> {
  const [row] = await selectTenantName(ctx)
  return row?.name ?? ctx.tenantId
}

function one([row]: readonly InvitationRow[]): InvitationRow {
  if (row === undefined) throw new Error('an invitation that was written was not returned')
  return row
}
