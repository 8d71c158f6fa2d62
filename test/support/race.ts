import type { TestDatabase } from './database.ts'

interface First {
  readonly sql: string
  readonly values: readonly unknown[]
}

/**
 * Runs two concurrent writers: the first writes its rows and keeps them locked until the second waits for it, and then
 * commits. Returns the result of the second. Throws if the second does not wait.
 */
export async function afterWaiting<T>({ owner }: TestDatabase, first: First, second: () => Promise<T>): Promise<T> {
  const holder = await owner.connect()
  try {
    await holder.query('begin')
    const { rowCount } = await holder.query(first.sql, [...first.values])
    if (rowCount === 0) throw new Error('the first writer found no row to lock')
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
    let isOver = false
    const outcome = Promise.allSettled([second()]).then(([settled]) => {
      isOver = true
      return settled
    })
    const isWaiting = async () => {
      const sql = 'select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))'
      return (await owner.query(sql, [rows[0]?.pid])).rowCount !== 0
    }
    while (!(await isWaiting())) if (isOver) throw new Error('the second writer did not wait for the first')
    await holder.query('commit')
    const settled = await outcome
    if (settled.status === 'rejected') throw settled.reason
    return settled.value
  } finally {
    await holder.query('rollback')
    holder.release()
  }
}
