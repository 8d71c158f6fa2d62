import type { PoolClient, QueryResult } from 'pg'
import type { Logger } from 'pino'
import { Failure } from '../failure.ts'
import { translate } from './errors.ts'
import type { TimedQuery } from './session.ts'
import type { StatementIdentity } from './statement-names.ts'

/** Observes every statement; the returned function is called at its end. */
export interface QueryObserver {
  started(label: string): (failed: boolean) => void
}

interface QueryOptions {
  readonly identify: (sql: string) => StatementIdentity
  readonly observe: QueryObserver
  readonly log: Logger
  readonly slowMilliseconds: number
  /** After this time without a response the connection counts as lost; the server's own timeout is shorter. */
  readonly answerMilliseconds: number
  readonly signal: AbortSignal | undefined
  readonly cancel: (pid: number) => Promise<void>
  /** Called when the connection is released, for the next caller's turn. */
  readonly endTurn: (() => void) | undefined
}

const NOTHING: QueryResult = { command: 'ROLLBACK', rowCount: null, oid: 0, fields: [], rows: [] }

/**
 * Wraps a connection checked out of the pool: statements are prepared, measured, cancelled on the server when the
 * caller disconnects, and their errors translated. A lost connection is not returned to the pool.
 */
export function clientQuery(client: PoolClient & { processID?: number }, options: QueryOptions) {
  const { identify, observe, log, slowMilliseconds, answerMilliseconds, signal, cancel, endTurn } = options
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
      // The server rolls back by itself; an error here would hide the one that lost the connection.
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
        // The connection must not be reused while a cancellation may still reach it.
        if (cancelling !== undefined) await cancelling
        finished(failed)
        const milliseconds = performance.now() - startedAt
        if (milliseconds > slowMilliseconds) log.warn({ statement: label, milliseconds, sql }, 'slow query')
      }
    },
    release(destroy?: boolean) {
      client.release(destroy === true || isLost)
      endTurn?.()
    },
  }
}
