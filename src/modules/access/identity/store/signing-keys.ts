import { z } from 'zod'
import type { On, OnTx } from '#kernel/database/statement'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'

/** A signing key as it is stored: the private half sealed. Every statement here is for the system handle. */
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
const deleteGone = writing(
  'access.delete-signing-keys',
  sql`delete from access.signing_keys where expires_at is not null and expires_at < :before`,
  { params: { before: z.date() } },
)

/** The keys that sign, or that verify tokens signed before `verifiedSince`. */
export async function listSigningKeys(on: On, verifiedSince: Date): Promise<SigningKeyRow[]> {
  return selectKeys(on, { verified_since: verifiedSince })
}

/** Until the end of the transaction nobody else makes or retires a key: two processes never both make the first one. */
export async function lockSigningKeys(on: OnTx): Promise<void> {
  await lockKeys(on)
}

/** From now on only this key signs. Resolves with the keys that no longer do. */
export async function retireOtherKeys(on: OnTx, id: string, now: Date): Promise<string[]> {
  return (await retireOthers(on, { id, now })).map((row) => row.id)
}

/** Deletes the keys under which no token is good any more. */
export async function deleteKeysExpiredBefore(on: OnTx, before: Date): Promise<void> {
  await deleteGone(on, { before })
}
