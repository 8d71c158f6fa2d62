import { z } from 'zod'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { newId } from '#kernel/ids'
import type { WriteCtx } from '#kernel/writes/change'

const ContactId = z.strictObject({ contact_id: z.string() })
const OfClient = { client_id: z.string(), now: z.date() }
const Person = { email: z.string(), name: z.string().nullable() }

const dropPrimary = writing(
  'customers.drop-primary-contact',
  sql`update customers.contacts set is_primary = false, updated_at = :now
    where tenant_id = :tenant_id and client_id = :client_id and is_primary returning contact_id`,
  { params: OfClient, row: ContactId },
)

const renamePrimary = writing(
  'customers.rename-primary-contact',
  sql`update customers.contacts set is_primary = true, name = coalesce(:name, name), updated_at = :now
    where tenant_id = :tenant_id and client_id = :client_id and contact_id = (
      select contact_id from customers.contacts
      where tenant_id = :tenant_id and client_id = :client_id and lower(email) = lower(:email)
      order by contact_id limit 1)
    returning contact_id`,
  { params: { ...OfClient, ...Person }, row: ContactId },
)

const insertPrimary = writing(
  'customers.insert-primary-contact',
  sql`insert into customers.contacts (tenant_id, contact_id, client_id, email, name, is_primary, created_at, updated_at)
    values (:tenant_id, :contact_id, :client_id, :email, :name, true, :now, :now)`,
  { params: { ...OfClient, ...Person, ...ContactId.shape } },
)

/** The ids of the contacts before and after the change, if any. */
export interface PrimaryContact {
  readonly before: string | null
  readonly after: string | null
}

/** Sets the primary contact by e-mail address; creates the contact if there is none. */
export async function setPrimaryContact(
  ctx: WriteCtx,
  clientId: string,
  { email, name }: { readonly email: string | null; readonly name: string | null },
): Promise<PrimaryContact> {
  const now = ctx.clock()
  const ofClient = { client_id: clientId, now }
  const [dropped] = await dropPrimary(ctx, ofClient)
  const before = dropped?.contact_id ?? null
  if (email === null) return { before, after: null }
  const [renamed] = await renamePrimary(ctx, { ...ofClient, email, name })
  if (renamed !== undefined) return { before, after: renamed.contact_id }
  const contactId = newId('cnt', now)
  await insertPrimary(ctx, { ...ofClient, email, name, contact_id: contactId })
  return { before, after: contactId }
}
