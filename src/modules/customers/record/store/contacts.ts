import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { newId } from '#kernel/ids'

const dropPrimary = statement<{ contact_id: string }>(
  'customers.drop-primary-contact',
  `update customers.contacts set is_primary = false, updated_at = $3
   where tenant_id = $1 and client_id = $2 and is_primary returning contact_id`,
)

const renamePrimary = statement<{ contact_id: string }>(
  'customers.rename-primary-contact',
  `update customers.contacts set is_primary = true, name = coalesce($4, name), updated_at = $5
   where tenant_id = $1 and client_id = $2 and contact_id = (
     select contact_id from customers.contacts
     where tenant_id = $1 and client_id = $2 and lower(email) = lower($3) order by contact_id limit 1)
   returning contact_id`,
)

const insertPrimary = statement(
  'customers.insert-primary-contact',
  `insert into customers.contacts (tenant_id, contact_id, client_id, email, name, is_primary, created_at, updated_at)
   values ($1, $2, $3, $4, $5, true, $6, $6)`,
)

/** The contacts by their ids, where there were any. */
export interface PrimaryContact {
  readonly before: string | null
  readonly after: string | null
}

/** Makes the person with this address the customer's primary contact, known before or not. */
export async function setPrimaryContact(
  ctx: Ctx,
  clientId: string,
  { email, name }: { readonly email: string | null; readonly name: string | null },
): Promise<PrimaryContact> {
  const now = ctx.clock()
  const [dropped] = await dropPrimary(ctx.db, [ctx.tenantId, clientId, now])
  const before = dropped?.contact_id ?? null
  if (email === null) return { before, after: null }
  const [renamed] = await renamePrimary(ctx.db, [ctx.tenantId, clientId, email, name, now])
  if (renamed !== undefined) return { before, after: renamed.contact_id }
  const contactId = newId('cnt', now)
  await insertPrimary(ctx.db, [ctx.tenantId, contactId, clientId, email, name, now])
  return { before, after: contactId }
}
