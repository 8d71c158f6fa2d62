import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { Tenant } from './contract.ts'

const insertTenantRow = statement<{ tenant_id: string }>(
  'access.insert-tenant',
  'insert into access.tenants (tenant_id, name, created_at) values ($1, $2, $3) on conflict do nothing returning tenant_id',
)
const selectTenants = statement<{ tenant_id: string; name: string }>(
  'access.list-tenants',
  'select tenant_id, name from access.tenants order by tenant_id',
)
const selectTenant = statement<{ tenant_id: string }>(
  'access.find-tenant',
  'select tenant_id from access.tenants where tenant_id = $1',
)

/** False when the tenant was there already. */
export async function insertTenant(ctx: Ctx, tenant: Tenant): Promise<boolean> {
  return (await insertTenantRow(ctx.db, [tenant.tenantId, tenant.name, ctx.clock()])).length > 0
}

export async function tenantExists(db: Db, tenantId: string): Promise<boolean> {
  return (await selectTenant(db, [tenantId])).length > 0
}

/** Every tenant; `db` must be the system handle. */
export async function listTenants(db: Db): Promise<Tenant[]> {
  const rows = await selectTenants(db, [])
  return rows.map((row) => ({ tenantId: row.tenant_id, name: row.name }))
}
