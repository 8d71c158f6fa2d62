import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** Each tenant is found by one step in the key, however many rows it has: nothing to do costs one look. */
const marked = statement<{ tenant_id: string }>(
  'customers.tenants-with-dirty-usage',
  `with recursive tenants as (
     (select tenant_id from customers.usage_dirty order by tenant_id limit 1)
     union all
     select (select d.tenant_id from customers.usage_dirty d where d.tenant_id > t.tenant_id order by d.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants where tenant_id is not null`,
)

const holding = statement<{ tenant_id: string }>(
  'customers.tenants-with-unattributed-events',
  `with recursive tenants as (
     (select tenant_id from customers.unattributed_events order by tenant_id limit 1)
     union all
     select (select u.tenant_id from customers.unattributed_events u where u.tenant_id > t.tenant_id order by u.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants where tenant_id is not null`,
)

/** The tenants that have days whose rollups are out of date. `system` sees every tenant. */
export async function tenantsToRollUp(system: Db): Promise<string[]> {
  return (await marked(system, [])).map(({ tenant_id }) => tenant_id)
}

/** The tenants that hold events whose customer was not known when they came. `system` sees every tenant. */
export async function tenantsHoldingEvents(system: Db): Promise<string[]> {
  return (await holding(system, [])).map(({ tenant_id }) => tenant_id)
}
