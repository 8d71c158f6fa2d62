import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Db } from '../database/db.ts'
import { writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { autocommit } from '../database/transact.ts'
import type { EncryptedField } from '../crypto/encrypted-field.ts'
import { Failure } from '../failure.ts'
import type { Keyring } from '../crypto/keyring.ts'

export interface RotationOptions {
  /** The system handle, because a rotation covers every tenant. */
  readonly db: Db
  readonly keyring: Keyring
  readonly clock: Clock
  /** Values re-encrypted per batch. */
  readonly rowsMax: number
  readonly signal: AbortSignal
}

/** The result of re-encrypting one field. */
export interface RotatedField {
  readonly name: string
  /** Values re-encrypted, including those of an interrupted run that was resumed. */
  readonly rows: number
}

const PASSES_MAX = 10

/**
 * Re-encrypts every value of these fields with the current key and verifies that none is left under another: only then
 * may an old root key be removed. Progress is stored after every batch, so an interrupted run resumes; repeating a
 * finished run changes nothing. Values written meanwhile are skipped and checked again.
 */
export async function rotateFields(
  fields: readonly EncryptedField[],
  options: RotationOptions,
): Promise<RotatedField[]> {
  const missing = await missingKeys(fields, options)
  if (missing.length > 0) throw new Failure('conflict', withoutKeys(missing))
  const done: RotatedField[] = []
  for (const field of fields) done.push({ name: field.name, rows: await rotateField(field, options) })
  return done
}

/** For each field, the number of values per key id. */
export async function tallyFields(
  fields: readonly EncryptedField[],
  db: Db,
): Promise<{ readonly name: string; readonly values: ReadonlyMap<string, number> }[]> {
  const tallies: { name: string; values: ReadonlyMap<string, number> }[] = []
  for (const field of fields) tallies.push({ name: field.name, values: await field.tally(db) })
  return tallies
}

/** Values that cannot be decrypted, because this process does not have their key. */
export interface MissingKey {
  readonly keyId: string
  readonly field: string
  readonly values: number
}

/** Finds values encrypted under keys that are not in the settings. */
export async function missingKeys(
  fields: readonly EncryptedField[],
  { db, keyring }: Pick<RotationOptions, 'db' | 'keyring'>,
): Promise<MissingKey[]> {
  const tallies = await tallyFields(fields, db)
  return tallies.flatMap(({ name: field, values }) =>
    [...values].flatMap(([keyId, count]) => (keyring.keyIds.includes(keyId) ? [] : [{ keyId, field, values: count }])),
  )
}

/** The message to the operator about missing keys, with the remedy. */
export function withoutKeys(missing: readonly MissingKey[]): string {
  const what = missing.map(({ keyId, field, values }) => `${field}: ${values} under ${keyId}`).join(', ')
  return `Values are encrypted under a root key that is not in the settings (${what}). Put that key back into ENCRYPTION_KEYS_PREVIOUS; without it they cannot be decrypted.`
}

async function rotateField(field: EncryptedField, options: RotationOptions): Promise<number> {
  const resumed = await begin(autocommit(options), placeOf(field, options))
  let { cursor, rows } = { cursor: resumed[0]?.cursor ?? undefined, rows: resumed[0]?.rows_done ?? 0 }
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    rows = await onePass(field, options, cursor, rows)
    cursor = undefined
    const left = await leftOf(field, options)
    if (left === 0) {
      await finish(autocommit(options), placeOf(field, options))
      return rows
    }
  }
  throw new Failure(
    'conflict',
    `${field.name} still has values under another key after ${PASSES_MAX} passes: a process writes under it. See plimsoll secrets status.`,
  )
}

async function onePass(
  field: EncryptedField,
  options: RotationOptions,
  from: string | undefined,
  rowsBefore: number,
): Promise<number> {
  const { db, keyring, rowsMax, signal } = options
  let [cursor, rows] = [from, rowsBefore]
  do {
    signal.throwIfAborted()
    const batch = await field.reencrypt(db, keyring, cursor, rowsMax)
    ;({ cursor } = batch)
    rows += batch.rows
    await keepPlace(autocommit(options), { ...placeOf(field, options), cursor: cursor ?? null, rows })
  } while (cursor !== undefined)
  return rows
}

function placeOf(field: EncryptedField, { keyring, clock }: RotationOptions) {
  return { field: field.name, key_id: keyring.currentKeyId, now: clock() }
}

async function leftOf(field: EncryptedField, { db, keyring }: RotationOptions): Promise<number> {
  const values = await field.tally(db)
  return [...values].reduce((sum, [keyId, count]) => (keyId === keyring.currentKeyId ? sum : sum + count), 0)
}

const ByField = { field: z.string(), key_id: z.string(), now: z.date() }
const WHERE_FIELD = sql`where field = :field and key_id = :key_id`

/** Starts a new run after a finished one, and resumes an interrupted one. */
const begin = writing(
  'rotations.begin',
  sql`insert into kernel.rotations as kept (field, key_id, started_at, updated_at) values (:field, :key_id, :now, :now)
   on conflict (field, key_id) do update set
     cursor = case when kept.finished_at is null then kept.cursor end,
     rows_done = case when kept.finished_at is null then kept.rows_done else 0 end,
     updated_at = :now, finished_at = null
   returning cursor, rows_done`,
  { params: ByField, row: z.strictObject({ cursor: z.string().nullable(), rows_done: z.int() }) },
)

const keepPlace = writing(
  'rotations.keep-place',
  sql`update kernel.rotations set cursor = :cursor, rows_done = :rows, updated_at = :now ${WHERE_FIELD}`,
  { params: { ...ByField, cursor: z.string().nullable(), rows: z.int() } },
)

const finish = writing(
  'rotations.finish',
  sql`update kernel.rotations set cursor = null, updated_at = :now, finished_at = :now ${WHERE_FIELD}`,
  { params: ByField },
)
