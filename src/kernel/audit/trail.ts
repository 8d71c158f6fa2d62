import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Db } from '../database/db.ts'
import { autocommit } from '../database/transact.ts'
import { Failure } from '../failure.ts'
import { PLATFORM_TENANT } from './event.ts'
import type { AuditEvent, DatedEvent } from './event.ts'
import { insertEvents } from './event-row.ts'
import type { PersonKeys } from './person-keys.ts'
import { asEvent, waitingEvents } from './waiting-events.ts'
import type { NotedEvent, WaitingEvents } from './waiting-events.ts'

/** Writes the audit events that no `change()` writes. */
export interface AuditTrail {
  /** Resolves once the event is committed: for actions that must not happen without it. */
  record(event: AuditEvent): Promise<void>
  /**
   * Buffers an event and returns at once; for reads. Events are committed within a second, in batches. Equal events
   * without `before` and `after` become one with a count. While the database is unavailable they are kept and retried;
   * events beyond the buffer's size are lost, counted, logged, and reported in an event of their own once the database
   * is back.
   */
  note(event: AuditEvent): void
  /** Events lost since the start. */
  lostCount(): number
  /** Events in the buffer. */
  waitingCount(): number
  /** Writes the buffer, with a few attempts. */
  close(): Promise<void>
}

export interface TrailOptions {
  /** The handle for single system statements, because the caller may hold a transaction. */
  readonly db: Db
  readonly personKeys: PersonKeys
  readonly clock: Clock
  readonly log: Logger
  /** Distinct events in the buffer at most; the default is about 10 MB. */
  readonly waitingMax?: number
  readonly flushMilliseconds?: number
}

const WAITING_MAX = 20_000
const FLUSH_MILLISECONDS = 500
const RETRY_MILLISECONDS_MAX = 5000
const BATCH = 1000
const CLOSE_ATTEMPTS = 3

export function openAuditTrail(options: TrailOptions): AuditTrail {
  const { db, personKeys, clock, log, waitingMax = WAITING_MAX, flushMilliseconds = FLUSH_MILLISECONDS } = options
  const waiting = waitingEvents(waitingMax)
  // Each batch is one statement.
  const insert = (events: readonly DatedEvent[]) => insertEvents(autocommit({ db }).db, personKeys, events)
  const writer = batchWriter(waiting, insert, { clock, log })
  let timer: NodeJS.Timeout | undefined

  const schedule = (): void => {
    if (timer !== undefined || (waiting.size === 0 && writer.unreported() === 0)) return
    const pause = Math.min(
      flushMilliseconds * 2 ** writer.failures(),
      Math.max(flushMilliseconds, RETRY_MILLISECONDS_MAX),
    )
    timer = setTimeout(() => {
      timer = undefined
      void writer.flush().then(schedule)
    }, pause).unref()
  }
  return {
    record: (event) => insert([{ ...event, at: clock() }]),
    note(event) {
      if (waiting.add(event, clock)) schedule()
      else writer.lose(1, 'the buffer is full')
    },
    lostCount: writer.lost,
    waitingCount: () => waiting.size + writer.underWay(),
    async close() {
      // The first flush waits for the batch being written.
      let tries = CLOSE_ATTEMPTS
      do if (!(await writer.flush())) tries -= 1
      while (waiting.size > 0 && tries > 0)
      clearTimeout(timer)
      timer = undefined
      if (waiting.size > 0) writer.lose(waiting.size, 'the database was unavailable until the process stopped')
    },
  }
}

/** Writes the buffer one batch at a time and counts the lost events. */
function batchWriter(
  waiting: WaitingEvents,
  insert: (events: readonly DatedEvent[]) => Promise<void>,
  { clock, log }: Pick<TrailOptions, 'clock' | 'log'>,
) {
  let writing: Promise<boolean> | undefined
  let failures = 0
  let lost = 0
  let unreported = 0
  let underWay = 0

  const lose = (count: number, why: string, error?: unknown): void => {
    if (unreported === 0) log.error({ err: error, count }, `audit events are lost: ${why}`)
    lost += count
    unreported += count
  }
  /** Writes events singly, so that one that cannot be stored does not block the others. */
  const writeSingly = async (batch: readonly NotedEvent[]): Promise<void> => {
    for (const noted of batch) {
      await insert([asEvent(noted)]).catch((error: unknown) => {
        if (error instanceof Failure) waiting.putBack([noted])
        else lose(noted.times, 'an event cannot be stored', error)
      })
    }
  }
  /** Resolves with false when the database is unavailable. */
  const write = async (): Promise<boolean> => {
    const batch = waiting.take(BATCH)
    const reporting = unreported
    if (batch.length === 0 && reporting === 0) return true
    underWay = batch.length
    try {
      await insert([...batch.map(asEvent), ...lossOf(reporting, clock)])
      unreported -= reporting
      failures = 0
      return true
    } catch (error) {
      failures += 1
      if (!(error instanceof Failure)) {
        await writeSingly(batch)
        return true
      }
      waiting.putBack(batch)
      if (failures === 1)
        log.error({ err: error, waiting: waiting.size }, 'audit events cannot be written; trying again')
      return false
    } finally {
      underWay = 0
    }
  }
  return {
    flush: (): Promise<boolean> => (writing ??= write().finally(() => (writing = undefined))),
    lose,
    failures: () => failures,
    lost: () => lost,
    unreported: () => unreported,
    underWay: () => underWay,
  }
}

/** The event that reports the number of lost events. */
function lossOf(count: number, clock: Clock): DatedEvent[] {
  if (count === 0) return []
  const who = { tenantId: PLATFORM_TENANT, actor: { kind: 'job', id: 'audit.trail' } } as const
  const what = { action: 'audit.events-lost', subject: '*', after: { count }, outcome: 'failure' } as const
  return [{ ...who, ...what, requestId: '', at: clock() }]
}
