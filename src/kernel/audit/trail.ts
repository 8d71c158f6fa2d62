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

/** Where events are told that no `change()` writes. */
export interface AuditTrail {
  /** Resolves once it is committed: for what must not happen without its event. */
  record(event: AuditEvent): Promise<void>
  /**
   * Returns at once; committed within a second, in batches: for reads. Events of a batch that are alike and have neither
   * `before` nor `after` become one that says how often. While the database is away they wait and are tried again; what
   * finds no more room is counted, logged, and told in an event of its own once the database is back.
   */
  note(event: AuditEvent): void
  /** Noted events that were given up since the start. */
  lostCount(): number
  /** Noted events that wait to be written. */
  waitingCount(): number
  /** Writes what was noted, trying a few times. */
  close(): Promise<void>
}

export interface TrailOptions {
  /** The handle for single system statements: whoever tells of an event may hold a transaction. */
  readonly db: Db
  readonly personKeys: PersonKeys
  readonly clock: Clock
  readonly log: Logger
  /** Distinct events that wait at most: some 10 MB of them. */
  readonly waitingMax?: number
  readonly flushMilliseconds?: number
}

const WAITING_MAX = 20_000
const FLUSH_MILLISECONDS = 500
const RETRY_MILLISECONDS_MAX = 5000
const BATCH = 1000
const CLOSE_ATTEMPTS = 3

/** Opens the trail. */
export function openAuditTrail(options: TrailOptions): AuditTrail {
  const { db, personKeys, clock, log, waitingMax = WAITING_MAX, flushMilliseconds = FLUSH_MILLISECONDS } = options
  const waiting = waitingEvents(waitingMax)
  // Each batch is one statement.
  const insert = (events: readonly DatedEvent[]) => insertEvents(autocommit({ db }).db, personKeys, events)
  const writer = batchWriter(waiting, insert, { clock, log })
  let timer: NodeJS.Timeout | undefined

  const schedule = (): void => {
    if (timer !== undefined || (waiting.size === 0 && writer.untold() === 0)) return
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
      else writer.lose(1, 'more are noted than the database takes')
    },
    lostCount: writer.lost,
    waitingCount: () => waiting.size + writer.underWay(),
    async close() {
      // The first waits for the batch that is under way.
      let tries = CLOSE_ATTEMPTS
      do if (!(await writer.flush())) tries -= 1
      while (waiting.size > 0 && tries > 0)
      clearTimeout(timer)
      timer = undefined
      if (waiting.size > 0) writer.lose(waiting.size, 'the database did not take them before the stop')
    },
  }
}

/** Writes what waits, a batch at a time, and keeps count of what it could not. */
function batchWriter(
  waiting: WaitingEvents,
  insert: (events: readonly DatedEvent[]) => Promise<void>,
  { clock, log }: Pick<TrailOptions, 'clock' | 'log'>,
) {
  let writing: Promise<boolean> | undefined
  let failures = 0
  let lost = 0
  let untold = 0
  let underWay = 0

  const lose = (count: number, why: string, error?: unknown): void => {
    if (untold === 0) log.error({ err: error, count }, `audit events are lost: ${why}`)
    lost += count
    untold += count
  }
  /** An event that cannot be stored at all must not hold up those behind it. */
  const writeSingly = async (batch: readonly NotedEvent[]): Promise<void> => {
    for (const noted of batch) {
      await insert([asEvent(noted)]).catch((error: unknown) => {
        if (error instanceof Failure) waiting.putBack([noted])
        else lose(noted.times, 'one cannot be stored', error)
      })
    }
  }
  /** Whether it is worth going on at once. */
  const write = async (): Promise<boolean> => {
    const batch = waiting.take(BATCH)
    const told = untold
    if (batch.length === 0 && told === 0) return true
    underWay = batch.length
    try {
      await insert([...batch.map(asEvent), ...lossOf(told, clock)])
      untold -= told
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
    untold: () => untold,
    underWay: () => underWay,
  }
}

/** What could not be told is told as a number. */
function lossOf(count: number, clock: Clock): DatedEvent[] {
  if (count === 0) return []
  const who = { tenantId: PLATFORM_TENANT, actor: { kind: 'job', id: 'audit.trail' } } as const
  const what = { action: 'audit.events-lost', subject: '*', after: { count }, outcome: 'failure' } as const
  return [{ ...who, ...what, requestId: '', at: clock() }]
}
