import type { Role } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { ApiKey, KeyBounds } from '../contract.ts'

interface KeyRow {
  key_id: string
  name: string
  prefix: string
  scopes: string[]
  user_id: string | null
  service_account_id: string | null
  servers: string[] | null
  toolsets: string[] | null
  networks: string[] | null
  read_only: boolean
  created_at: Date
  expires_at: Date | null
  revoked_at: Date | null
  last_used_at: Date | null
}

const COLUMNS = [
  'key_id',
  'name',
  'prefix',
  'scopes',
  'user_id',
  'service_account_id',
  'servers',
  'toolsets',
  'networks',
  'read_only',
  'created_at',
  'expires_at',
  'revoked_at',
  'last_used_at',
]
const KEY_COLUMNS = COLUMNS.map((column) => `k.${column}`).join(', ')

const insertKeyRow = statement<KeyRow>(
  'access.insert-key',
  `insert into access.api_keys as k
     (tenant_id, key_id, name, prefix, hash, scopes, created_at, expires_at, user_id, service_account_id, made_with,
      servers, toolsets, networks, read_only)
   values ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) returning ${KEY_COLUMNS}`,
)
const selectKeys = statement<KeyRow>(
  'access.list-keys',
  `select ${KEY_COLUMNS} from access.api_keys k
   where k.tenant_id = $1 and ($2::text is null or k.user_id = $2) order by k.created_at, k.key_id`,
)
const selectKey = statement<KeyRow>(
  'access.find-key',
  `select ${KEY_COLUMNS} from access.api_keys k where k.tenant_id = $1 and k.key_id = $2 for share`,
)
const updateRevoked = statement<KeyRow>(
  'access.revoke-key',
  `with recursive family as (
     select key_id from access.api_keys where tenant_id = $1 and key_id = $2
     union
     select child.key_id from access.api_keys child join family on child.made_with = family.key_id
     where child.tenant_id = $1
   )
   update access.api_keys k set revoked_at = coalesce(k.revoked_at, $3)
   where k.tenant_id = $1 and k.key_id in (select key_id from family) returning ${KEY_COLUMNS}`,
)
const selectGrant = statement<KeyGrant>(
  'access.find-key-by-hash',
  `select k.tenant_id, ${KEY_COLUMNS}, member.role, account.scopes as account_scopes, account.disabled_at
   from access.api_keys k
   left join access.members member on member.tenant_id = k.tenant_id and member.user_id = k.user_id
   left join access.service_accounts account
     on account.tenant_id = k.tenant_id and account.service_account_id = k.service_account_id
   where k.hash = decode($1, 'hex')`,
)
const updateLastUsed = statement(
  'access.touch-key',
  'update access.api_keys set last_used_at = $3 where tenant_id = $1 and key_id = $2',
)
const selectMember = statement<{ role: Role }>(
  'access.lock-member',
  'select role from access.members where tenant_id = $1 and user_id = $2 for share',
)

/** A key with what decides, today, what it may do. */
export interface KeyGrant extends KeyRow {
  tenant_id: string
  /** Of the person it belongs to; null when they are not a member, or there is none. */
  role: Role | null
  account_scopes: string[] | null
  disabled_at: Date | null
}

export interface NewKey extends KeyBounds {
  readonly keyId: string
  readonly name: string
  readonly prefix: string
  readonly hash: string
  readonly scopes: readonly string[]
  readonly expiresAt: Date | undefined
  readonly userId: string | undefined
  readonly serviceAccountId: string | undefined
  /** The key through which it was made. */
  readonly madeWith: string | undefined
}

export async function insertKey(ctx: Ctx, key: NewKey): Promise<ApiKey> {
  const [row] = await insertKeyRow(ctx.db, [
    ...[ctx.tenantId, key.keyId, key.name, key.prefix, key.hash, key.scopes, ctx.clock(), key.expiresAt ?? null],
    ...[key.userId ?? null, key.serviceAccountId ?? null, key.madeWith ?? null],
    ...[key.servers ?? null, key.toolsets ?? null, key.networks ?? null, key.readOnly ?? false],
  ])
  if (row === undefined) throw new Error('insert … returning gave no row')
  return toKey(row)
}

/** All keys of the tenant, or those of one person. */
export async function listKeys(ctx: Ctx, userId?: string): Promise<ApiKey[]> {
  return (await selectKeys(ctx.db, [ctx.tenantId, userId ?? null])).map(toKey)
}

/** Locked against change until the transaction ends: what is decided by it stays true. */
export async function findKey(ctx: Ctx, keyId: string): Promise<ApiKey | undefined> {
  const [row] = await selectKey(ctx.db, [ctx.tenantId, keyId])
  return row === undefined ? undefined : toKey(row)
}

/** Ends the key and all that were made with it; a first revocation's time stays. Undefined when there is no such key. */
export async function revokeKey(ctx: Ctx, keyId: string): Promise<ApiKey | undefined> {
  const rows = await updateRevoked(ctx.db, [ctx.tenantId, keyId, ctx.clock()])
  const own = rows.find((row) => row.key_id === keyId)
  return own === undefined ? undefined : toKey(own)
}

/** By the unique hash, before the tenant is known; `db` must be the system handle. */
export async function findKeyByHash(db: Db, hash: string): Promise<KeyGrant | undefined> {
  const [row] = await selectGrant(db, [hash])
  return row
}

export async function touchKey(db: Db, grant: KeyGrant, now: Date): Promise<void> {
  await updateLastUsed(db, [grant.tenant_id, grant.key_id, now])
}

/** Whether the person is a member; if so, they stay one until the transaction ends. */
export async function lockMember(ctx: Ctx, userId: string): Promise<boolean> {
  return (await selectMember(ctx.db, [ctx.tenantId, userId])).length > 0
}

function toKey(row: KeyRow): ApiKey {
  return {
    keyId: row.key_id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    userId: row.user_id,
    serviceAccountId: row.service_account_id,
    servers: row.servers,
    toolsets: row.toolsets,
    networks: row.networks,
    readOnly: row.read_only,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  }
}
