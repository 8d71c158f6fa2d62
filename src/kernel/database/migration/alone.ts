import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'

const LOCK = 0x706c696e
const POLL_MILLISECONDS = 100

/**
 * Runs the work on a connection of its own while no other process does. It asks for the lock again and again: a statement
 * that waited for it would hold a snapshot, and an index that is built concurrently waits for every older one.
 */
export async function alone<T>(pool: pg.Pool, work: (session: pg.PoolClient) => Promise<T>): Promise<T> {
  const session = await pool.connect()
  try {
    while (!(await isTaken(session))) await wait(POLL_MILLISECONDS)
    return await work(session)
  } finally {
    // Ends the connection, and the lock with it, whatever state the work left it in.
    session.release(true)
  }
}

async function isTaken(session: pg.PoolClient): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK])
  return rows[0]?.taken === true
}
