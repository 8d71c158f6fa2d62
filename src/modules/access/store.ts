import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { ApiKey, Tenant } from './contract.ts'

interface KeyRow {
  key_id: string
  name: string
  prefix: string
  scopes: string[]
  created_at: Date
  expires_at: Date | null
  revoked_at: Date | null
  last_used_at: Date | null
}

export interface KeyGrant extends KeyRow {
  tenant_id: string
}

const KEY_COLUMNS = 'key_id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at'

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
const insertKeyRow = statement<KeyRow>(
  'access.insert-key',
  `insert into access.api_keys (tenant_id, key_id, name, prefix, hash, scopes, created_at, expires_at)
   values ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8) returning ${KEY_COLUMNS}`,
)
const selectKeys = statement<KeyRow>(
  'access.list-keys',
  `select ${KEY_COLUMNS} from access.api_keys where tenant_id = $1 order by created_at, key_id`,
)
const updateRevoked = statement<KeyRow & { hash: string }>(
  'access.revoke-key',
  `update access.api_keys set revoked_at = coalesce(revoked_at, $3) where tenant_id = $1 and key_id = $2
   returning ${KEY_COLUMNS}, encode(hash, 'hex') as hash`,
)
const selectGrant = statement<KeyGrant>(
  'access.find-key-by-hash',
  `select tenant_id, ${KEY_COLUMNS} from access.api_keys where hash = decode($1, 'hex')`,
)
const updateLastUsed = statement(
  'access.touch-key',
  'update access.api_keys set last_used_at = $3 where tenant_id = $1 and key_id = $2',
)

/** False when the tenant was there already. */
export async function insertTenant(ctx: Ctx, tenant: Tenant): Promise<boolean> {
  return (await insertTenantRow(ctx.db, [tenant.tenantId, tenant.name, ctx.clock()])).length > 0
}

export async function tenantExists(ctx: Ctx): Promise<boolean> {
  return (await selectTenant(ctx.db, [ctx.tenantId])).length > 0
}

/** Every tenant; `db` must be the system handle. */
export async function listTenants(db: Db): Promise<Tenant[]> {
  const rows = await selectTenants(db, [])
  return rows.map((row) => ({ tenantId: row.tenant_id, name: row.name }))
}

export async function insertKey(
  ctx: Ctx,
  key: { keyId: string; name: string; prefix: string; hash: string; scopes: readonly string[]; expiresAt: Date | null },
): Promise<ApiKey> {
  const values = [ctx.tenantId, key.keyId, key.name, key.prefix, key.hash, key.scopes, ctx.clock(), key.expiresAt]
  const [row] = await insertKeyRow(ctx.db, values)
  if (row === undefined) throw new Error('insert … returning gave no row')
  return toKey(row)
}

export async function listKeys(ctx: Ctx): Promise<ApiKey[]> {
  return (await selectKeys(ctx.db, [ctx.tenantId])).map(toKey)
}

/** Keeps the first revocation's time. Undefined when the tenant has no such key. */
export async function revokeKey(ctx: Ctx, keyId: string): Promise<{ key: ApiKey; hash: string } | undefined> {
  const [row] = await updateRevoked(ctx.db, [ctx.tenantId, keyId, ctx.clock()])
  return row === undefined ? undefined : { key: toKey(row), hash: row.hash }
}

/** By the unique hash, before the tenant is known; `db` must be the system handle. */
export async function findKeyByHash(db: Db, hash: string): Promise<KeyGrant | undefined> {
  const [row] = await selectGrant(db, [hash])
  return row
}

export async function touchKey(db: Db, grant: KeyGrant, now: Date): Promise<void> {
  await updateLastUsed(db, [grant.tenant_id, grant.key_id, now])
}

function toKey(row: KeyRow): ApiKey {
  return {
    keyId: row.key_id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  }
}
