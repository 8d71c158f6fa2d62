import { expect } from 'vitest'
import { CustomerSettings } from '#kernel/config/customers'
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

export type CallCustomerTool = ReturnType<typeof customerTools>

/** A tenant of its own with the four customers. */
export async function tenantWithCustomers(database: TestDatabase): Promise<TestTenant> {
  const tenant = await testTenant(database)
  await addCustomers(database, tenant.tenantId, FOUR_CUSTOMERS)
  return tenant
}

/** The same with every customer scored. */
export async function scoredTenant(database: TestDatabase): Promise<TestTenant> {
  const tenant = await tenantWithCustomers(database)
  await customersModule({ settings: CustomerSettings.parse({}) }).api.recomputeHealth(tenant.ctx())
  return tenant
}

interface Walls {
  readonly database: TestDatabase
  readonly call: CallCustomerTool
  readonly name: string
  /** Names the customer `acme`, if the tool takes one. */
  readonly args: Record<string, unknown>
}

/** A key that may only do the other thing is refused, and nothing is written. */
export async function expectScopeWall({ database, call, name, args }: Walls, needed: string): Promise<void> {
  const tenant = await tenantWithCustomers(database)
  const other = needed === 'customers:read' ? 'customers:write' : 'customers:read'
  const outcome = await call(tenant, name, args, { scopes: [other] })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'forbidden', scopesNeeded: [needed] } })
  expect(await auditActions(database, tenant)).toEqual([])
}

/** Another tenant's customer is not found, whatever is asked of it. */
export async function expectTenantWall({ database, call, name, args }: Walls): Promise<void> {
  const owner = await tenantWithCustomers(database)
  const stranger = await testTenant(database)
  const outcome = await call(stranger, name, args)
  expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'not_found', code: 'CLIENT_NOT_FOUND' } })
  expect(await auditActions(database, owner)).toEqual([])
}

/** What was audited for the tenant, in order. */
export async function auditActions(database: TestDatabase, tenant: TestTenant): Promise<string[]> {
  const { rows } = await database.owner.query<{ action: string; subject: string }>(
    'select action, subject from audit.events where tenant_id = $1 order by at, id',
    [tenant.tenantId],
  )
  return rows.map((row) => `${row.action} ${row.subject}`)
}

/** The exact result, with made-up ids and database times replaced by what they are. */
export function shown(result: Record<string, unknown>): unknown {
  const text = JSON.stringify(result).replaceAll(/"(cs|seg|evt|msg|cnt|stg)_[0-9a-z]{26,32}"/g, '"$1_…"')
  return JSON.parse(text)
}

export { resultOf }
