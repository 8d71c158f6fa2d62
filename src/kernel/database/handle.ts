import { Kysely, PostgresAdapter, PostgresDriver, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { Dialect, PostgresPool } from 'kysely'
import type { QueryResult } from 'pg'

/** A checked-out connection, measured and guarded by `clientQuery`. */
interface Connection {
  query(sql: string, values: readonly unknown[]): Promise<QueryResult>
  release(): void
}

/** Shared by all handles, one of which is made for every request: neither keeps anything from one query to the next. */
const adapter = new PostgresAdapter()
const compiler = new PostgresQueryCompiler()

/**
 * The query builder over the connections of one caller, with a short way for text that needs no building. A
 * transaction is another handle, bound to its own connection.
 */
export class PooledHandle extends Kysely<unknown> {
  readonly #connect: () => Promise<Connection>

  constructor(connect: () => Promise<Connection>) {
    super({ dialect: dialectOver(connect) })
    this.#connect = connect
  }

  /** Runs one text on a connection that is given back whatever happens; the same as `executeQuery`, but for its cost. */
  async run(sql: string, values: readonly unknown[]): Promise<unknown[]> {
    const connection = await this.#connect()
    try {
      const { rows }: { rows: unknown[] } = await connection.query(sql, values)
      return rows
    } finally {
      connection.release()
    }
  }
}

function dialectOver(connect: () => Promise<Connection>): Dialect {
  // safe because: the driver only ever calls `connect` on a pool it is handed, and `query`/`release` on its clients.
  const pool = { connect, options: {} } as unknown as PostgresPool
  return {
    createDriver: () => new PostgresDriver({ pool }),
    createQueryCompiler: () => compiler,
    createAdapter: () => adapter,
    createIntrospector: (db) => new PostgresIntrospector(db),
  }
}
