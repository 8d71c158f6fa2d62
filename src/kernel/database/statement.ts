import { CompiledQuery } from 'kysely'
import type { Db } from './db.ts'
import { PooledHandle } from './handle.ts'

/**
 * A prepared statement. `name` (`customers.find`) labels its metrics and its line in the slow-query log, and is sent
 * as a leading comment so that the server's own statistics show it too. Returns the rows; throws as `ctx.db` does.
 */
export function statement<Row>(name: string, text: string) {
  const sql = `/* ${name} */ ${text}`
  return async (db: Db, values: readonly unknown[]): Promise<Row[]> => {
    // safe because: like the builder's own `executeQuery<Row>`, it takes the caller's word for what the text selects.
    if (db instanceof PooledHandle) return (await db.run(sql, values)) as Row[]
    const { rows } = await db.executeQuery<Row>(CompiledQuery.raw(sql, [...values]))
    return rows
  }
}
