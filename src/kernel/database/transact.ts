import type { Db, Tx } from './db.ts'
import { PooledHandle } from './handle.ts'
import type { Outcome, TransactionOptions } from './handle.ts'

/**
 * Runs the work in a new transaction, without an audit row: for writes outside any change, such as those of the audit
 * chain itself. Throws inside an open transaction.
 */
export function transact<T>(db: Db, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T> {
  return transactUnless(db, async (tx) => ({ result: await work(tx) }), options)
}

/** As `transact`, for work that may request a rollback and still return a result. */
export function transactUnless<T>(
  db: Db,
  work: (tx: Tx) => Promise<Outcome<T>>,
  options?: TransactionOptions,
): Promise<T> {
  if (db instanceof PooledHandle) return db.transact(work, options)
  throw new Error('A transaction needs a handle of openDatabase().')
}

/**
 * A handle on which every statement commits by itself, without an audit row: for counters and marks whose loss or
 * repetition does no harm.
 */
export function autocommit<On extends { readonly db: Db }>(on: On): Omit<On, 'db'> & { readonly db: Tx } {
  // safe because: a single statement on a pooled connection is its own transaction.
  return { ...on, db: on.db as Tx }
}
