import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, PostgresAdapter, PostgresDriver, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { Dialect, PostgresPool } from 'kysely'
import type { QueryResult } from 'pg'
import type { Tx } from './db.ts'

/** A connection checked out of the pool, wrapped by `clientQuery`. */
interface Connection {
  query(sql: string, values: readonly unknown[]): Promise<QueryResult>
  release(destroy?: boolean): void
}

/** The modes of a transaction; the default is PostgreSQL's, `read committed`. */
export interface TransactionOptions {
  readonly isolation?: 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
}

/** The result of a transaction's work. With `rollback` the transaction is rolled back. */
export interface Outcome<T> {
  readonly result: T
  readonly rollback?: boolean
}

/** Shared by all handles, because both are stateless and a handle is made for every request. */
const adapter = new PostgresAdapter()
const compiler = new PostgresQueryCompiler()

/** Set while a transaction is open, in the async context that opened it. */
const openTransaction = new AsyncLocalStorage<true>()

/**
 * A Kysely handle over the connections of one caller, with a faster path for plain SQL text. With `checked` (tests and
 * development), rows are compared with their schemas, and opening a second transaction while one is open throws: it
 * would commit separately, and could wait for the first for ever.
 */
export class PooledHandle extends Kysely<unknown> {
  readonly checked: boolean
  readonly #connect: () => Promise<Connection>

  constructor(connect: () => Promise<Connection>, checked: boolean) {
    super({ dialect: dialectOver(connect) })
    this.#connect = connect
    this.checked = checked
  }

  /** Runs one SQL text; equivalent to `executeQuery` but cheaper. */
  async run(sql: string, values: readonly unknown[]): Promise<unknown[]> {
    const connection = await this.#connect()
    try {
      const { rows }: { rows: unknown[] } = await connection.query(sql, values)
      return rows
    } finally {
      connection.release()
    }
  }

  /** Runs the work in a transaction. It commits unless the work throws or requests a rollback. */
  async transact<T>(work: (tx: Tx) => Promise<Outcome<T>>, options: TransactionOptions = {}): Promise<T> {
    if (!this.checked) return this.#transact(work, options)
    if (openTransaction.getStore()) throw new Error('A transaction was opened while another is open in the same call.')
    return openTransaction.run(true, () => this.#transact(work, options))
  }

  async #transact<T>(work: (tx: Tx) => Promise<Outcome<T>>, options: TransactionOptions): Promise<T> {
    const connection = await this.#connect()
    const handle = new TransactionHandle(connection, this.checked)
    let isBroken = false
    try {
      await connection.query(beginning(options), [])
      // safe because: the brand `Tx` marks a `TransactionHandle`.
      const { result, rollback = false } = await work(handle as unknown as Tx)
      handle.end()
      const { command } = await connection.query(rollback ? 'rollback' : 'commit', [])
      // PostgreSQL reports ROLLBACK, without an error, for the commit of a transaction in which a statement failed.
      if (!rollback && command === 'ROLLBACK') {
        throw new Error('The work caught a database error after which the transaction was rolled back.')
      }
      return result
    } catch (error) {
      handle.end()
      await connection.query('rollback', []).catch(() => {
        // The first error is more useful. A connection that may still be in the transaction must not return to the
        // pool.
        isBroken = true
      })
      throw error
    } finally {
      connection.release(isBroken)
    }
  }
}

/** The handle of an open transaction. It throws once the transaction has ended. */
export class TransactionHandle extends PooledHandle {
  readonly end: () => void

  constructor(connection: Connection, checked: boolean) {
    let isOver = false
    const inside: Connection = {
      query(sql, values) {
        if (isOver) throw new Error('A statement was run in a transaction that has ended.')
        if (CONTROL.test(sql))
          throw new Error('A transaction was begun or ended inside another. Use a change, which joins.')
        return connection.query(sql, values)
      },
      release: () => undefined,
    }
    super(() => Promise.resolve(inside), checked)
    this.end = () => {
      isOver = true
    }
  }

  override transact(): Promise<never> {
    return Promise.reject(new Error('A transaction was opened inside another. Use a change, which joins.'))
  }
}

/** Statements that begin or end a transaction. Not `rollback to savepoint`, which does neither. */
const CONTROL = /^\s*(?:\/\*.*?\*\/\s*)?(begin|start\s+transaction|commit|end\b|rollback(?!\s+to)|abort)/i

function beginning({ isolation, readOnly }: TransactionOptions): string {
  const modes = [...(isolation ? [`isolation level ${isolation}`] : []), ...(readOnly ? ['read only'] : [])]
  return ['begin', ...modes].join(' ')
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
