import type { Db, Tx } from './db.ts'
import { PooledHandle } from './handle.ts'
import type { Outcome, TransactionOptions } from './handle.ts'

/**
 * Runs the work in a transaction of its own, without an audit row: for what no change covers, such as the chain of the
 * audit trail itself. Throws inside an open transaction.
 */
export function transact<T>(db: Db, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T> {
  return transactUnless(db, async (tx) => ({ result: await work(tx) }), options)
}

/** The same, for work that may ask for its own rollback and still has a result. */
export function transactUnless<T>(
  db: Db,
  work: (tx: Tx) => Promise<Outcome<T>>,
  options?: TransactionOptions,
): Promise<T> {
  if (db instanceof PooledHandle) return db.transact(work, options)
  throw new Error('A transaction was asked of a handle that no pool made.')
}

/**
 * A handle on which every statement commits by itself, without an audit row: for receipts, counters and marks, whose
 * loss or repetition no caller notices.
 */
export function autocommit<On extends { readonly db: Db }>(on: On): Omit<On, 'db'> & { readonly db: Tx } {
  // safe because: one statement on a pooled connection is a transaction of its own.
  return { ...on, db: on.db as Tx }
}
