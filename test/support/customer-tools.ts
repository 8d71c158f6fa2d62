import { CustomerSettings } from '../../src/modules/customers/settings.ts'
import { customersModule } from '../../src/modules/customers/index.ts'
import { addCustomers, FOUR_CUSTOMERS } from './customer-data.ts'
import type { TestDatabase } from './database.ts'
import { testTenant } from './tenant.ts'
import type { TestTenant } from './tenant.ts'
import { resultOf, toolCaller } from './tool-caller.ts'

/** The tools of the customers module, called as a surface calls them. */
export function customerTools() {
  const { server } = customersModule({ settings: CustomerSettings.parse({}) })
  return toolCaller(Object.values(server?.toolsets ?? {}).flat())
}

/** A new tenant with the four customers. */
export async function tenantWithCustomers(database: TestDatabase): Promise<TestTenant> {
  const tenant = await testTenant(database)
  await addCustomers(database, tenant.tenantId, FOUR_CUSTOMERS)
  return tenant
}

/** A new tenant with the four customers, all scored. */
export async function scoredTenant(database: TestDatabase): Promise<TestTenant> {
  const tenant = await tenantWithCustomers(database)
  await customersModule({ settings: CustomerSettings.parse({}) }).api.recomputeHealth(tenant.ctx())
  return tenant
}

/** The audit events of the tenant, in order. */
export async function auditActions(database: TestDatabase, tenant: TestTenant): Promise<string[]> {
  const { rows } = await database.owner.query<{ action: string; subject: string }>(
    'select action, subject from audit.events where tenant_id = $1 order by at, id',
    [tenant.tenantId],
  )
  return rows.map((row) => `${row.action} ${row.subject}`)
}

/** The exact result, with generated ids and database times replaced by placeholders. */
export function shown(result: Record<string, unknown>): unknown {
  const text = JSON.stringify(result).replaceAll(/"(cs|seg|evt|msg|cnt|stg)_[0-9a-z]{26,32}"/g, '"$1_…"')
  return JSON.parse(text)
}

export { resultOf }
