import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, PostgresAdapter, PostgresDriver, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { Dialect, PostgresPool } from 'kysely'
import type { QueryResult } from 'pg'
import type { Tx } from './db.ts'

/** A checked-out connection, measured and guarded by `clientQuery`. */
interface Connection {
  query(sql: string, values: readonly unknown[]): Promise<QueryResult>
  release(destroy?: boolean): void
}

/** How a transaction begins; by default as PostgreSQL does, `read committed`. */
export interface TransactionOptions {
  readonly isolation?: 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
}

/** What the work of a transaction hands back. With `rollback` nothing that it wrote is kept. */
export interface Outcome<T> {
  readonly result: T
  readonly rollback?: boolean
}

/** Shared by all handles, one of which is made for every request: neither keeps anything from one query to the next. */
const adapter = new PostgresAdapter()
const compiler = new PostgresQueryCompiler()

/** Set while a transaction is open, in the call that opened it and whatever that awaits. */
const openTransaction = new AsyncLocalStorage<true>()

/**
 * The query builder over the connections of one caller, with a shorter path for text that needs no building. With
 * `checked`, for tests and development, rows are compared with their schemas, and a second transaction that is opened
 * while one is open is refused: it would commit alone, and could wait for the first for ever.
 */
export class PooledHandle extends Kysely<unknown> {
  readonly checked: boolean
  readonly #connect: () => Promise<Connection>

  constructor(connect: () => Promise<Connection>, checked: boolean) {
    super({ dialect: dialectOver(connect) })
    this.#connect = connect
    this.checked = checked
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

  /** Runs the work in a transaction, which is kept unless the work throws or asks for a rollback. */
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
      // safe because: `TransactionHandle` is what the brand stands for.
      const { result, rollback = false } = await work(handle as unknown as Tx)
      handle.end()
      const { command } = await connection.query(rollback ? 'rollback' : 'commit', [])
      // PostgreSQL answers so, without an error, to the commit of a transaction in which a statement failed.
      if (!rollback && command === 'ROLLBACK') {
        throw new Error('The work caught an error of the database, which had undone the transaction.')
      }
      return result
    } catch (error) {
      handle.end()
      await connection.query('rollback', []).catch(() => {
        // The error that led here says more. A connection that may still be in the transaction is not given back.
        isBroken = true
      })
      throw error
    } finally {
      connection.release(isBroken)
    }
  }
}

/** The connection of an open transaction as a handle. It is of no use once the transaction is over. */
export class TransactionHandle extends PooledHandle {
  readonly end: () => void

  constructor(connection: Connection, checked: boolean) {
    let isOver = false
    const inside: Connection = {
      query(sql, values) {
        if (isOver) throw new Error('A statement was sent to a transaction that is over.')
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

/** Not `rollback to savepoint`, which ends nothing. */
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
