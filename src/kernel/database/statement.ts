import { CompiledQuery } from 'kysely'
import { LRUCache } from 'lru-cache'
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

/** How one SQL text is known: `label` to people, `name` to the server (absent: not prepared). */
export interface StatementIdentity {
  readonly label: string
  readonly name: string | undefined
}

const PREPARED_MAX = 400
const LABEL = /^\/\* ([a-z][\w.-]*) \*\/|^\s*(\w+)/

/**
 * Names SQL texts for one database. At most 400 texts are prepared on a connection: a text built anew for every call
 * (an `in` list of another length, say) must not fill the server's memory.
 */
export function statementNames() {
  const known = new LRUCache<string, StatementIdentity>({ max: 4 * PREPARED_MAX })
  let prepared = 0
  return (sql: string): StatementIdentity => {
    const found = known.get(sql)
    if (found) return found
    const [, named, verb] = LABEL.exec(sql) ?? []
    const label = named ?? verb?.toLowerCase() ?? 'unknown'
    const isControl = /^(begin|start|commit|rollback|savepoint|release|set|lock)/i.test(sql)
    const name = isControl || prepared >= PREPARED_MAX ? undefined : `p${++prepared}`
    const identity = { label, name }
    known.set(sql, identity)
    return identity
  }
}
