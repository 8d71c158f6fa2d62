import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import { sql, sqlName } from '#kernel/database/sql'

/** Finds distinct tenants by a loose index scan: one index lookup per tenant, however many rows it has. */
const tenantsIn = (name: string, table: string) =>
  statement(
    name,
    sql`with recursive tenants as (
     (select tenant_id from ${sqlName(table)} order by tenant_id limit 1)
     union all
     select (select r.tenant_id from ${sqlName(table)} r where r.tenant_id > t.tenant_id order by r.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants where tenant_id is not null`,
    { row: z.strictObject({ tenant_id: z.string() }) },
  )

const marked = tenantsIn('customers.tenants-with-dirty-usage', 'customers.usage_dirty')
const holding = tenantsIn('customers.tenants-with-unattributed-events', 'customers.unattributed_events')

/** The tenants that have days whose rollups are out of date. `system` sees every tenant. */
export async function tenantsToRollUp(system: Db): Promise<string[]> {
  return (await marked({ db: system })).map(({ tenant_id }) => tenant_id)
}

/** The tenants that hold events whose customer was not known when they came. `system` sees every tenant. */
export async function tenantsHoldingEvents(system: Db): Promise<string[]> {
  return (await holding({ db: system })).map(({ tenant_id }) => tenant_id)
}
