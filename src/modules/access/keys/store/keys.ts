import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql, sqlJoin, sqlName } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'
import type { WriteCtx } from '#kernel/writes/change'
import { camelCased } from '../../field-names.ts'
import { KeyRow } from '../contract.ts'
import type { ApiKey } from '../contract.ts'

const COLUMNS = columnsOf(KeyRow)
const ByKey = { key_id: z.string() }

const NewKey = KeyRow.omit({ created_at: true, revoked_at: true, last_used_at: true }).extend({
  /** The id of the key that created this one. */
  made_with: z.string().nullable(),
})

const insertRow = writing(
  'access.insert-key',
  sql`insert into access.api_keys (tenant_id, ${columnsOf(NewKey)}, hash, created_at)
    values (:tenant_id, ${parametersOf(NewKey)}, decode(:hash, 'hex'), :now) returning ${COLUMNS}`,
  { params: { ...NewKey.shape, hash: z.string(), now: z.date() }, row: KeyRow },
)

const selectAll = statement(
  'access.list-keys',
  sql`select ${COLUMNS} from access.api_keys where tenant_id = :tenant_id order by created_at, key_id`,
  { row: KeyRow },
)

const selectOfPerson = statement(
  'access.list-keys-of-person',
  sql`select ${COLUMNS} from access.api_keys
    where tenant_id = :tenant_id and user_id = :user_id order by created_at, key_id`,
  { params: { user_id: z.string() }, row: KeyRow },
)

const lockRow = writing(
  'access.find-key',
  sql`select ${COLUMNS} from access.api_keys where tenant_id = :tenant_id and key_id = :key_id for share`,
  { params: ByKey, row: KeyRow },
)

const updateRevoked = writing(
  'access.revoke-key',
  sql`with recursive family as (
      select key_id from access.api_keys where tenant_id = :tenant_id and key_id = :key_id
      union
      select child.key_id from access.api_keys child join family on child.made_with = family.key_id
      where child.tenant_id = :tenant_id
    )
    update access.api_keys set revoked_at = coalesce(revoked_at, :now)
    where tenant_id = :tenant_id and key_id in (select key_id from family) returning ${COLUMNS}`,
  { params: { ...ByKey, now: z.date() }, row: KeyRow },
)

/** A key with the current state of its owner, which limits its scopes. */
const KeyGrant = KeyRow.extend({
  tenant_id: z.string(),
  /** The current role of the person who owns the key; null without such a person, or when they have left. */
  role: z.enum(ROLES).nullable(),
  account_scopes: z.array(z.string()).nullable(),
  disabled_at: z.date().nullable(),
})
export type KeyGrant = z.output<typeof KeyGrant>

const selectGrant = statement(
  'access.find-key-by-hash',
  sql`select ${sqlJoin(Object.keys(KeyRow.shape).map((column) => sqlName(`k.${column}`)))}, k.tenant_id, member.role,
      account.scopes as account_scopes, account.disabled_at
    from access.api_keys k
    left join access.members member on member.tenant_id = k.tenant_id and member.user_id = k.user_id
    left join access.service_accounts account
      on account.tenant_id = k.tenant_id and account.service_account_id = k.service_account_id
    where k.hash = decode(:hash, 'hex')`,
  { params: { hash: z.string() }, row: KeyGrant },
)

const updateLastUsed = writing(
  'access.touch-key',
  sql`update access.api_keys set last_used_at = :now where tenant_id = :tenant_id and key_id = :key_id`,
  { params: { ...ByKey, tenant_id: z.string(), now: z.date() } },
)

export async function insertKey(ctx: WriteCtx, key: z.output<typeof NewKey> & { hash: string }): Promise<ApiKey> {
  const [row] = await insertRow(ctx, { ...key, now: ctx.clock() })
  if (row === undefined) throw new Error('insert … returning gave no row')
  return camelCased(row)
}

export async function listKeys(ctx: Ctx): Promise<ApiKey[]> {
  return (await selectAll(ctx)).map(camelCased)
}

export async function listKeysOf(ctx: Ctx, userId: string): Promise<ApiKey[]> {
  return (await selectOfPerson(ctx, { user_id: userId })).map(camelCased)
}

/** Reads a key and locks its row against changes until the transaction ends. */
export async function lockKey(ctx: WriteCtx, keyId: string): Promise<ApiKey | undefined> {
  const [row] = await lockRow(ctx, { key_id: keyId })
  return row && camelCased(row)
}

/** Revokes a key and all that were created with it; those revoked before keep their time. Undefined if it is unknown. */
export async function revokeKey(ctx: WriteCtx, keyId: string): Promise<ApiKey | undefined> {
  const rows = await updateRevoked(ctx, { key_id: keyId, now: ctx.clock() })
  const own = rows.find((row) => row.key_id === keyId)
  return own && camelCased(own)
}

/** Finds a key of any tenant by its hash; `db` must be the system handle. */
export async function findKeyByHash(db: Db, hash: string): Promise<KeyGrant | undefined> {
  const [row] = await selectGrant({ db }, { hash })
  return row
}

export async function touchKey(db: Db, grant: KeyGrant, now: Date): Promise<void> {
  const { tenant_id, key_id } = grant
  await updateLastUsed(autocommit({ db }), { tenant_id, key_id, now })
}
