import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { newId } from '#kernel/ids'

const dropPrimary = statement(
  'customers.drop-primary-contact',
  `update customers.contacts set is_primary = false, updated_at = $3
   where tenant_id = $1 and client_id = $2 and is_primary`,
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

/** Makes the person with this address the customer's primary contact, known before or not. */
export async function setPrimaryContact(
  ctx: Ctx,
  clientId: string,
  { email, name }: { readonly email: string | null; readonly name: string | null },
): Promise<void> {
  const now = ctx.clock()
  await dropPrimary(ctx.db, [ctx.tenantId, clientId, now])
  if (email === null) return
  const renamed = await renamePrimary(ctx.db, [ctx.tenantId, clientId, email, name, now])
  if (renamed.length > 0) return
  await insertPrimary(ctx.db, [ctx.tenantId, newId('cnt', now), clientId, email, name, now])
}
