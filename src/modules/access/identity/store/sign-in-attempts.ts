import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

/** The network hash of the row that counts all networks together. */
const EVERY_NETWORK = Buffer.alloc(0)

const Bytes = z.instanceof(Buffer)
const ByEmail = { email: Bytes }
const ByNetwork = { ...ByEmail, network: Bytes }

const Attempt = z.strictObject({
  failures: z.int(),
  locked_until: z.date().nullable(),
  succeeded_at: z.date().nullable(),
})
export type Attempt = z.output<typeof Attempt>

/** The number of failures allowed in a row, and the seconds of the lock that follows. */
const Lockout = z.object({ failures_max: z.int(), seconds: z.number() })
type Lockout = z.output<typeof Lockout>

const countRow = writing(
  'access.count-sign-in-attempt',
  sql`insert into access.sign_in_attempts as a (email_hash, network_hash, failures, counted_since)
    values (:email, :network, 1, :now)
    on conflict (email_hash, network_hash) do update set
      failures = case
        when a.locked_until > :now then a.failures
        when a.locked_until is not null or a.counted_since < :now::timestamptz - make_interval(secs => :seconds) then 1
        else a.failures + 1 end,
      counted_since = case
        when a.locked_until > :now then a.counted_since
        when a.locked_until is not null or a.counted_since < :now::timestamptz - make_interval(secs => :seconds) then :now
        else a.counted_since end,
      locked_until = case
        when a.locked_until > :now then a.locked_until
        when a.locked_until is not null or a.counted_since < :now::timestamptz - make_interval(secs => :seconds) then null
        when a.failures + 1 > :failures_max then :now::timestamptz + make_interval(secs => :seconds) end
    returning failures, locked_until, succeeded_at`,
  { params: { ...ByNetwork, now: z.date(), ...Lockout.shape }, row: Attempt },
)
const clearRows = writing(
  'access.clear-sign-in-attempts',
  sql`update access.sign_in_attempts set failures = 0, locked_until = null where email_hash = :email`,
  { params: ByEmail },
)
const clearRow = writing(
  'access.clear-network-attempts',
  sql`update access.sign_in_attempts set failures = 0, locked_until = null
    where email_hash = :email and network_hash in (:network, :every_network)`,
  { params: { ...ByNetwork, every_network: Bytes } },
)
const markNetworkKnown = writing(
  'access.know-network',
  sql`insert into access.sign_in_attempts (email_hash, network_hash, failures, counted_since, succeeded_at)
    values (:email, :network, 0, :now, :now)
    on conflict (email_hash, network_hash) do update set succeeded_at = :now`,
  { params: { ...ByNetwork, now: z.date() } },
)
const deleteOld = writing(
  'access.forget-sign-in-attempts',
  sql`delete from access.sign_in_attempts
    where counted_since < :counted and (locked_until is null or locked_until < :counted)
      and coalesce(succeeded_at, :known) <= :known`,
  { params: { counted: z.date(), known: z.date() } },
)

/** The key of a row: keyed hashes of the e-mail and of the network. */
export interface AttemptKey {
  readonly email: Buffer
  readonly network: Buffer
}

/** The key of all networks together. */
export const everyNetwork = ({ email }: AttemptKey): AttemptKey => ({ email, network: EVERY_NETWORK })

/**
 * Counts an attempt, before its password is checked, so that concurrent attempts cannot exceed the limit. The attempt
 * after `failures_max` locks the row for `seconds`; attempts during the lock are not counted and do not prolong it.
 */
export async function countAttempt(db: Db, key: AttemptKey, now: Date, lockout: Lockout): Promise<Attempt> {
  const [row] = await countRow(autocommit({ db }), { ...key, now, ...lockout })
  if (row === undefined) throw new Error('insert … returning gave no row')
  return row
}

/**
 * After a correct password: clears the counts of this network and of all networks together, and marks this network as
 * known.
 */
export async function clearAttempts(db: Db, key: AttemptKey, now: Date): Promise<void> {
  await clearRow(autocommit({ db }), { ...key, every_network: EVERY_NETWORK })
  await markNetworkKnown(autocommit({ db }), { ...key, now })
}

/** After a password reset: clears the counts of every network, and marks this one as known. */
export async function clearAllAttempts(db: Db, key: AttemptKey, now: Date): Promise<void> {
  await clearRows(autocommit({ db }), key)
  await markNetworkKnown(autocommit({ db }), { ...key, now })
}

/** Deletes rows whose count and lock are from before `counted`, unless their network had a sign-in after `known`. */
export async function forgetAttemptsBefore(db: Db, counted: Date, known: Date): Promise<void> {
  await deleteOld(autocommit({ db }), { counted, known })
}
