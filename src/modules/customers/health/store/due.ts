import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'

const stale = statement(
  'customers.tenants-to-score',
  sql`with recursive tenants as (
      (select tenant_id from customers.customers order by tenant_id limit 1)
      union all
      select (select c.tenant_id from customers.customers c where c.tenant_id > t.tenant_id order by c.tenant_id limit 1)
      from tenants t where t.tenant_id is not null
    )
    select tenant_id from tenants t where exists (
      select from customers.customers c
      where c.tenant_id = t.tenant_id and c.lifecycle_stage <> 'churned' and (c.health_as_of is null or c.health_as_of < :time)
    )`,
  { params: { time: z.date() }, row: z.strictObject({ tenant_id: z.string() }) },
)

/** The tenants with an active customer that has no score or one from before `time`. `system` sees every tenant. */
export async function tenantsScoredBefore(system: Db, time: Date): Promise<string[]> {
  return (await stale({ db: system }, { time })).map(({ tenant_id }) => tenant_id)
}
