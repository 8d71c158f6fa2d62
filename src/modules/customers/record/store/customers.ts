import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { isDuplicate } from '#kernel/database/errors'
import { statement, writing } from '#kernel/database/statement'
import { assignmentsOf, columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'
import { Failure } from '#kernel/failure'
import type { WriteCtx } from '#kernel/writes/change'
import { clientNotFound } from '../client-not-found.ts'
import { Day, STATUSES, Score, Stage, Tier, Trend } from '../contract.ts'

/** A customer row. Money is in cents. */
export const CustomerRow = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  company_name: z.string(),
  industry: z.string(),
  tier: Tier,
  lifecycle_stage: Stage,
  status: z.enum(STATUSES),
  contract_value_cents: z.int(),
  currency: z.string(),
  contract_start_date: Day,
  contract_end_date: Day.nullable(),
  renewal_date: Day.nullable(),
  seats: z.int().nullable(),
  primary_contact_email: z.string().nullable(),
  primary_contact_name: z.string().nullable(),
  csm_assigned: z.string().nullable(),
  health_score: Score.nullable(),
  health_trend: Trend,
  churn_probability: z.number().nullable(),
  last_engagement_at: z.date().nullable(),
  version: z.int(),
  created_at: z.date(),
  updated_at: z.date(),
})
export type CustomerRow = z.output<typeof CustomerRow>

export const CUSTOMER_COLUMNS = columnsOf(CustomerRow)

/** The columns set at registration; the others have defaults. The renewal date is the contract end. */
const NewCustomer = CustomerRow.pick({
  client_id: true,
  client_name: true,
  company_name: true,
  industry: true,
  tier: true,
  contract_value_cents: true,
  contract_start_date: true,
  contract_end_date: true,
  seats: true,
  primary_contact_email: true,
  primary_contact_name: true,
})
type NewCustomer = z.output<typeof NewCustomer>

/** The columns that a caller may edit. */
const EditedCustomer = NewCustomer.omit({ client_id: true, seats: true }).extend(
  CustomerRow.pick({ renewal_date: true, csm_assigned: true, status: true }).shape,
)

const ByClient = { client_id: z.string() }

const insert = writing(
  'customers.insert',
  sql`insert into customers.customers (tenant_id, ${columnsOf(NewCustomer)}, renewal_date, created_at, updated_at)
    values (:tenant_id, ${parametersOf(NewCustomer)}, :contract_end_date, :now, :now) returning ${CUSTOMER_COLUMNS}`,
  { params: { ...NewCustomer.shape, now: z.date() }, row: CustomerRow },
)

const lock = writing(
  'customers.lock',
  sql`select ${CUSTOMER_COLUMNS} from customers.customers
    where tenant_id = :tenant_id and client_id = :client_id for update`,
  { params: ByClient, row: CustomerRow },
)

const exists = statement(
  'customers.exists',
  sql`select client_name from customers.customers where tenant_id = :tenant_id and client_id = :client_id`,
  { params: ByClient, row: CustomerRow.pick({ client_name: true }) },
)

const save = writing(
  'customers.update',
  sql`update customers.customers set ${assignmentsOf(EditedCustomer)}, updated_at = :now, version = version + 1
    where tenant_id = :tenant_id and client_id = :client_id returning ${CUSTOMER_COLUMNS}`,
  { params: { ...ByClient, ...EditedCustomer.shape, now: z.date() }, row: CustomerRow },
)

/** Throws `conflict` (CLIENT_EXISTS) when the id is taken. */
export async function insertCustomer(ctx: WriteCtx, row: NewCustomer): Promise<CustomerRow> {
  try {
    const [inserted] = await insert(ctx, { ...row, now: ctx.clock() })
    return one(inserted)
  } catch (error) {
    if (!isDuplicate(error, 'customers_pkey')) throw error
    throw new Failure('conflict', `A customer with the id ${JSON.stringify(row.client_id)} already exists.`, {
      cause: error,
      code: 'CLIENT_EXISTS',
      problems: [{ path: 'client_id', expected: 'an id that is not taken, or no id' }],
    })
  }
}

/** Locks and reads a customer, so that concurrent writers do not start from the same values. */
export async function lockCustomer(ctx: WriteCtx, clientId: string): Promise<CustomerRow> {
  const [row] = await lock(ctx, { client_id: clientId })
  if (row === undefined) throw clientNotFound(clientId)
  return row
}

export async function requireCustomer(ctx: Ctx, clientId: string): Promise<{ client_name: string }> {
  const [row] = await exists(ctx, { client_id: clientId })
  if (row === undefined) throw clientNotFound(clientId)
  return row
}

/** Saves a locked row and increments its version. */
export async function saveCustomer(ctx: WriteCtx, row: CustomerRow): Promise<CustomerRow> {
  const [saved] = await save(ctx, { ...row, now: ctx.clock() })
  return one(saved)
}

function one(row: CustomerRow | undefined): CustomerRow {
  if (row === undefined) throw new Error('the statement returned no customer row')
  return row
}
