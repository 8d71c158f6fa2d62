import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** The row of all networks together. */
const EVERY_NETWORK = Buffer.alloc(0)

export interface AttemptRow {
  readonly failures: number
  readonly locked_until: Date | null
  readonly succeeded_at: Date | null
}

const countRow = statement<AttemptRow>(
  'access.count-sign-in-attempt',
  `insert into access.sign_in_attempts as a (email_hash, network_hash, failures, counted_since)
   values ($1, $2, 1, $3)
   on conflict (email_hash, network_hash) do update set
     failures = case
       when a.locked_until > $3 then a.failures
       when a.locked_until is not null or a.counted_since < $3::timestamptz - make_interval(secs => $5) then 1
       else a.failures + 1 end,
     counted_since = case
       when a.locked_until > $3 then a.counted_since
       when a.locked_until is not null or a.counted_since < $3::timestamptz - make_interval(secs => $5) then $3
       else a.counted_since end,
     locked_until = case
       when a.locked_until > $3 then a.locked_until
       when a.locked_until is not null or a.counted_since < $3::timestamptz - make_interval(secs => $5) then null
       when a.failures + 1 > $4 then $3::timestamptz + make_interval(secs => $5) end
   returning failures, locked_until, succeeded_at`,
)
const clearRows = statement(
  'access.clear-sign-in-attempts',
  'update access.sign_in_attempts set failures = 0, locked_until = null where email_hash = $1',
)
const clearRow = statement(
  'access.clear-network-attempts',
  `update access.sign_in_attempts set failures = 0, locked_until = null
   where email_hash = $1 and network_hash in ($2, $3)`,
)
const knowNetwork = statement(
  'access.know-network',
  `insert into access.sign_in_attempts (email_hash, network_hash, failures, counted_since, succeeded_at)
   values ($1, $2, 0, $3, $3)
   on conflict (email_hash, network_hash) do update set succeeded_at = $3`,
)
const deleteOld = statement(
  'access.forget-sign-in-attempts',
  `delete from access.sign_in_attempts
   where counted_since < $1 and (locked_until is null or locked_until < $1) and coalesce(succeeded_at, $2) <= $2`,
)

export interface Lockout {
  readonly failuresMax: number
  readonly seconds: number
}

/**
 * Counts an attempt before its password is looked at, so that many at once cannot all slip under the limit. The one
 * after `failuresMax` closes the row for so many seconds; those that follow are not counted and do not prolong it.
 */
export async function countAttempt(
  db: Db,
  emailHash: Buffer,
  network: Buffer | 'every network',
  now: Date,
  { failuresMax, seconds }: Lockout,
): Promise<AttemptRow> {
  const hash = network === 'every network' ? EVERY_NETWORK : network
  const [row] = await countRow(db, [emailHash, hash, now, failuresMax, seconds])
  if (row === undefined) throw new Error('insert … returning gave no row')
  return row
}

/** After a right password: the account is as if nobody had failed, and this network is known. */
export async function forgiveAttempts(db: Db, emailHash: Buffer, network: Buffer, now: Date): Promise<void> {
  await clearRow(db, [emailHash, network, EVERY_NETWORK])
  await knowNetwork(db, [emailHash, network, now])
}

/** After a password reset: no network is locked out. */
export async function forgiveEveryAttempt(db: Db, emailHash: Buffer, network: Buffer, now: Date): Promise<void> {
  await clearRows(db, [emailHash])
  await knowNetwork(db, [emailHash, network, now])
}

/** Counts that ended before `counted` go, and of networks that were known, those last signed in from before `known`. */
export async function forgetAttemptsBefore(db: Db, counted: Date, known: Date): Promise<void> {
  await deleteOld(db, [counted, known])
}
