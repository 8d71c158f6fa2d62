import { z } from 'zod'
import type { On, OnTx } from '#kernel/database/statement'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'

/** A signing key with its encrypted private key. Every statement here needs the system handle. */
const SigningKeyRow = z.strictObject({
  id: z.string(),
  public_key: z.string(),
  private_key: z.string(),
  alg: z.string(),
  crv: z.string().nullable(),
  created_at: z.date(),
  expires_at: z.date().nullable(),
})
export type SigningKeyRow = z.output<typeof SigningKeyRow>

const COLUMNS = columnsOf(SigningKeyRow)

const selectKeys = statement(
  'access.list-signing-keys',
  sql`select ${COLUMNS} from access.signing_keys
    where expires_at is null or expires_at > :verified_since order by created_at, id`,
  { params: { verified_since: z.date() }, row: SigningKeyRow },
)
export const insertSigningKey = writing(
  'access.insert-signing-key',
  sql`insert into access.signing_keys (${COLUMNS}) values (${parametersOf(SigningKeyRow)})`,
  { params: SigningKeyRow.shape },
)
const lockKeys = writing(
  'access.lock-signing-keys',
  sql`select pg_advisory_xact_lock(hashtext('access.signing-keys')) as locked`,
  { row: z.strictObject({ locked: z.string() }) },
)
const retireOthers = writing(
  'access.retire-signing-keys',
  sql`update access.signing_keys set expires_at = :now
    where id <> :id and (expires_at is null or expires_at > :now) returning id`,
  { params: { id: z.string(), now: z.date() }, row: SigningKeyRow.pick({ id: true }) },
)
const deleteExpired = writing(
  'access.delete-signing-keys',
  sql`delete from access.signing_keys where expires_at is not null and expires_at < :before`,
  { params: { before: z.date() } },
)

/** The keys that sign, or that verify tokens signed before `verifiedSince`. */
export async function listSigningKeys(on: On, verifiedSince: Date): Promise<SigningKeyRow[]> {
  return selectKeys(on, { verified_since: verifiedSince })
}

/** Locks the creation and retirement of keys, so that two processes cannot both create the first one. */
export async function lockSigningKeys(on: OnTx): Promise<void> {
  await lockKeys(on)
}

/** Retires every key but this one. Resolves with the ids of the retired keys. */
export async function retireOtherKeys(on: OnTx, id: string, now: Date): Promise<string[]> {
  return (await retireOthers(on, { id, now })).map((row) => row.id)
}

/** Deletes the keys whose tokens have all expired. */
export async function deleteKeysExpiredBefore(on: OnTx, before: Date): Promise<void> {
  await deleteExpired(on, { before })
}
