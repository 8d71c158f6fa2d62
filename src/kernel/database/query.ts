import type { PoolClient, QueryResult } from 'pg'
import type { Logger } from 'pino'
import { Failure } from '../failure.ts'
import { translate } from './errors.ts'
import type { TimedQuery } from './session.ts'
import type { StatementIdentity } from './statement-names.ts'

/** Told of every statement: its label, how long it took, whether it failed. May return a function run at its end. */
export interface QueryObserver {
  started(label: string): (failed: boolean) => void
}

interface QueryOptions {
  readonly identify: (sql: string) => StatementIdentity
  readonly observe: QueryObserver
  readonly log: Logger
  readonly slowMilliseconds: number
  /** After this time without an answer the connection counts as lost; the server would have ended the statement. */
  readonly answerMilliseconds: number
  readonly signal: AbortSignal | undefined
  readonly cancel: (pid: number) => Promise<void>
}

const NOTHING: QueryResult = { command: 'ROLLBACK', rowCount: null, oid: 0, fields: [], rows: [] }

/**
 * A checked-out connection as the query builder uses it: statements are prepared, measured, cancelled on the server
 * when the caller leaves, and their errors translated. A connection that was lost is not given back to the pool.
 */
export function clientQuery(client: PoolClient & { processID?: number }, options: QueryOptions) {
  const { identify, observe, log, slowMilliseconds, answerMilliseconds, signal, cancel } = options
  let isLost = false
  let cancelling: Promise<void> | undefined

  const onAbort = () => {
    if (client.processID === undefined) return
    cancelling = cancel(client.processID).catch((error: unknown) =>
      log.warn({ err: error }, 'a statement could not be cancelled'),
    )
  }

  return {
    get processID() {
      return client.processID
    },
    async query(sql: string, values: readonly unknown[]): Promise<QueryResult> {
      const isRollback = /^rollback/i.test(sql)
      // The server rolls back by itself; to fail here would hide from the caller what was lost before.
      if (isRollback && isLost) return NOTHING
      if (signal?.aborted && !isRollback) throw signal.reason
      const { label, name } = identify(sql)
      const finished = observe.started(label)
      const startedAt = performance.now()
      signal?.addEventListener('abort', onAbort, { once: true })
      let failed = true
      try {
        const text = name === undefined ? { text: sql } : { name, text: sql }
        const query: TimedQuery = { ...text, values: [...values], query_timeout: answerMilliseconds }
        const result = await client.query(query)
        failed = false
        return result
      } catch (error) {
        const translated = translate(error, sql, signal)
        isLost ||= translated instanceof Failure && translated.kind === 'unavailable'
        throw translated
      } finally {
        signal?.removeEventListener('abort', onAbort)
        // The connection must not go to another caller while a cancellation is still on its way to it.
        if (cancelling !== undefined) await cancelling
        finished(failed)
        const milliseconds = performance.now() - startedAt
        if (milliseconds > slowMilliseconds) log.warn({ statement: label, milliseconds, sql }, 'slow query')
      }
    },
    release(destroy?: boolean) {
      client.release(destroy === true || isLost)
    },
  }
}
