import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** A signing key as it is stored: the private half sealed. */
export interface SigningKeyRow {
  readonly id: string
  readonly public_key: string
  readonly private_key: string
  readonly alg: string
  readonly crv: string | null
  readonly created_at: Date
  readonly expires_at: Date | null
}

const COLUMNS = 'id, public_key, private_key, alg, crv, created_at, expires_at'

const selectKeys = statement<SigningKeyRow>(
  'access.list-signing-keys',
  `select ${COLUMNS} from access.signing_keys where expires_at is null or expires_at > $1 order by created_at, id`,
)
const insertKey = statement(
  'access.insert-signing-key',
  `insert into access.signing_keys (${COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7)`,
)
const lockKeys = statement('access.lock-signing-keys', `select pg_advisory_xact_lock(hashtext('access.signing-keys'))`)
const retireOthers = statement<{ id: string }>(
  'access.retire-signing-keys',
  'update access.signing_keys set expires_at = $2 where id <> $1 and (expires_at is null or expires_at > $2) returning id',
)
const deleteGone = statement(
  'access.delete-signing-keys',
  'delete from access.signing_keys where expires_at is not null and expires_at < $1',
)
/** The keys that sign, or that verify tokens signed before `verifiedSince`; `db` is the system handle. */
export async function listSigningKeys(db: Db, verifiedSince: Date): Promise<SigningKeyRow[]> {
  return selectKeys(db, [verifiedSince])
}

export async function insertSigningKey(db: Db, key: SigningKeyRow): Promise<void> {
  const { id, public_key, private_key, alg, crv, created_at, expires_at } = key
  await insertKey(db, [id, public_key, private_key, alg, crv, created_at, expires_at])
}

/** Until the end of the transaction nobody else makes or retires a key: two processes never both make the first one. */
export async function lockSigningKeys(tx: Db): Promise<void> {
  await lockKeys(tx, [])
}

/** From now on only this key signs. Resolves with the keys that no longer do. */
export async function retireOtherKeys(tx: Db, keyId: string, now: Date): Promise<string[]> {
  return (await retireOthers(tx, [keyId, now])).map(({ id }) => id)
}

/** Deletes the keys under which no token is good any more. */
export async function deleteKeysExpiredBefore(tx: Db, before: Date): Promise<void> {
  await deleteGone(tx, [before])
}
