import type { Ctx } from '#kernel/context'
import { isDuplicate } from '#kernel/database/errors'
import { statement } from '#kernel/database/statement'
import { Failure } from '#kernel/failure'
import type { Stage, Tier, Trend } from '../contract.ts'
import { clientNotFound } from '../client-not-found.ts'

export interface CustomerRow {
  readonly client_id: string
  readonly client_name: string
  readonly company_name: string
  readonly industry: string
  readonly tier: Tier
  readonly lifecycle_stage: Stage
  readonly status: 'active' | 'inactive' | 'suspended' | 'churned'
  readonly contract_value_cents: number
  readonly currency: string
  readonly contract_start_date: string
  readonly contract_end_date: string | null
  readonly renewal_date: string | null
  readonly seats: number | null
  readonly primary_contact_email: string | null
  readonly primary_contact_name: string | null
  readonly csm_assigned: string | null
  readonly health_score: number | null
  readonly health_trend: Trend
  readonly churn_probability: number | null
  readonly last_engagement_at: Date | null
  readonly version: number
  readonly created_at: Date
  readonly updated_at: Date
}

export const CUSTOMER_COLUMNS = `client_id, client_name, company_name, industry, tier, lifecycle_stage, status,
  contract_value_cents, currency, contract_start_date, contract_end_date, renewal_date, seats, primary_contact_email,
  primary_contact_name, csm_assigned, health_score, health_trend, churn_probability, last_engagement_at, version,
  created_at, updated_at`

const insert = statement<CustomerRow>(
  'customers.insert',
  `insert into customers.customers (tenant_id, client_id, client_name, company_name, industry, tier, contract_value_cents,
     contract_start_date, contract_end_date, renewal_date, seats, primary_contact_email, primary_contact_name,
     created_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13, $13) returning ${CUSTOMER_COLUMNS}`,
)

const lock = statement<CustomerRow>(
  'customers.lock',
  `select ${CUSTOMER_COLUMNS} from customers.customers where tenant_id = $1 and client_id = $2 for update`,
)

const exists = statement<{ client_name: string }>(
  'customers.exists',
  'select client_name from customers.customers where tenant_id = $1 and client_id = $2',
)

const save = statement<CustomerRow>(
  'customers.update',
  `update customers.customers set client_name = $3, company_name = $4, industry = $5, tier = $6, contract_value_cents = $7,
     contract_start_date = $8, contract_end_date = $9, renewal_date = $10, primary_contact_email = $11,
     primary_contact_name = $12, csm_assigned = $13, status = $14, updated_at = $15, version = version + 1
   where tenant_id = $1 and client_id = $2 returning ${CUSTOMER_COLUMNS}`,
)

export type NewCustomer = Pick<
  CustomerRow,
  | 'client_id'
  | 'client_name'
  | 'company_name'
  | 'industry'
  | 'tier'
  | 'contract_value_cents'
  | 'contract_start_date'
  | 'contract_end_date'
  | 'seats'
  | 'primary_contact_email'
  | 'primary_contact_name'
>

/** Throws `conflict` (CLIENT_EXISTS) when the id is taken. */
export async function insertCustomer(ctx: Ctx, row: NewCustomer): Promise<CustomerRow> {
  try {
    const [inserted] = await insert(ctx.db, [
      ctx.tenantId,
      row.client_id,
      row.client_name,
      row.company_name,
      row.industry,
      row.tier,
      row.contract_value_cents,
      row.contract_start_date,
      row.contract_end_date,
      row.seats,
      row.primary_contact_email,
      row.primary_contact_name,
      ctx.clock(),
    ])
    return one(inserted)
  } catch (error) {
    if (!isDuplicate(error, 'customers_pkey')) throw error
    throw new Failure('conflict', `A customer with the id ${JSON.stringify(row.client_id)} is registered already.`, {
      cause: error,
      code: 'CLIENT_EXISTS',
      problems: [{ path: 'client_id', expected: 'an id that is not taken, or none at all' }],
    })
  }
}

/** Locks the row: two writers of one customer must not both start from the same values. */
export async function lockCustomer(ctx: Ctx, clientId: string): Promise<CustomerRow> {
  const [row] = await lock(ctx.db, [ctx.tenantId, clientId])
  if (row === undefined) throw clientNotFound(clientId)
  return row
}

export async function requireCustomer(ctx: Ctx, clientId: string): Promise<{ client_name: string }> {
  const [row] = await exists(ctx.db, [ctx.tenantId, clientId])
  if (row === undefined) throw clientNotFound(clientId)
  return row
}

/** Saves a locked row and raises its version. */
export async function saveCustomer(ctx: Ctx, row: CustomerRow): Promise<CustomerRow> {
  const [saved] = await save(ctx.db, [
    ctx.tenantId,
    row.client_id,
    row.client_name,
    row.company_name,
    row.industry,
    row.tier,
    row.contract_value_cents,
    row.contract_start_date,
    row.contract_end_date,
    row.renewal_date,
    row.primary_contact_email,
    row.primary_contact_name,
    row.csm_assigned,
    row.status,
    ctx.clock(),
  ])
  return one(saved)
}

function one(row: CustomerRow | undefined): CustomerRow {
  if (row === undefined) throw new Error('the customer row did not come back')
  return row
}
