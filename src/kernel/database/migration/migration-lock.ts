import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'

const LOCK = 0x706c696e
const POLL_MILLISECONDS = 100

/**
 * Runs the work under an advisory lock, on its own connection. The lock is polled: a statement that waits for it would
 * hold a snapshot, and a concurrent index build waits for every older snapshot.
 */
export async function withMigrationLock<T>(pool: pg.Pool, work: (session: pg.PoolClient) => Promise<T>): Promise<T> {
  const session = await pool.connect()
  try {
    while (!(await isTaken(session))) await wait(POLL_MILLISECONDS)
    return await work(session)
  } finally {
    // Closes the connection, which releases the lock in any state.
    session.release(true)
  }
}

async function isTaken(session: pg.PoolClient): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK])
  return rows[0]?.taken === true
}
