import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import type { On } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import type { Tenant } from './contract.ts'
import { camelCased } from './field-names.ts'

const TenantRow = z.strictObject({ tenant_id: z.string(), name: z.string() })
const TenantKey = TenantRow.pick({ tenant_id: true })

const insertTenantRow = writing(
  'access.insert-tenant',
  sql`insert into access.tenants (tenant_id, name, created_at) values (:tenant_id, :name, :now)
    on conflict do nothing returning tenant_id`,
  { params: { name: z.string(), now: z.date() }, row: TenantKey },
)
const selectTenants = statement(
  'access.list-tenants',
  sql`select tenant_id, name from access.tenants order by tenant_id`,
  { row: TenantRow },
)
const selectTenant = statement(
  'access.find-tenant',
  sql`select tenant_id from access.tenants where tenant_id = :tenant_id`,
  { row: TenantKey },
)

/** Inserts the context's tenant; false when it already exists. */
export async function insertTenant(ctx: WriteCtx, name: string): Promise<boolean> {
  return (await insertTenantRow(ctx, { name, now: ctx.clock() })).length > 0
}

/** Whether the given tenant exists. The handle must be that tenant's own or the system handle. */
export async function tenantExists(of: Required<On>): Promise<boolean> {
  return (await selectTenant(of)).length > 0
}

/** Every tenant; `db` must be the system handle. */
export async function listTenants(db: Db): Promise<Tenant[]> {
  return (await selectTenants({ db })).map(camelCased)
}
