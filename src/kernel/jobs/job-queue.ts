import { randomUUID } from 'node:crypto'
import { PgBoss } from 'pg-boss'
import type { Db as BossDb } from 'pg-boss'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { Tx } from '../database/db.ts'
import { runText } from '../database/statement.ts'
import type { Signals } from '../database/signals.ts'
import type { DeclaredEvent } from './event.ts'
import type { Job } from './job.ts'
import { wakers } from './wakers.ts'
import type { Wakers } from './wakers.ts'
import type { Outbox } from '../writes/outbox.ts'

/** A queued item: the work of one tenant, or a tick of the schedule, which queues the tenants that are due. */
export type QueuedWork =
  | { readonly kind: 'tenant'; readonly tenantId: string; readonly payload: unknown }
  | { readonly kind: 'every-tenant' }

/** The job queues in the database, one per job, in a schema of their own. */
export interface JobQueue {
  /** Enqueues events for the jobs that subscribe to them, in the caller's transaction. */
  readonly outbox: Outbox
  /**
   * Creates a queue per job and routes events to them. Called once per process, with the jobs of all modules.
   * Afterwards publishing an event that is not in `events` throws; without `events` any may be published.
   */
  register(jobs: readonly Job[], events?: readonly DeclaredEvent[]): Promise<void>
  /** Calls `wake` when any process enqueues work for a job. Returns the function that unsubscribes. */
  onWork(job: string, wake: () => void): () => void
  /** The queue library itself, for the worker surface. */
  readonly boss: PgBoss
  /** Waits for running jobs at most `seconds`; those still running are aborted and retried later. */
  close(seconds: number): Promise<void>
}

export interface JobQueueOptions {
  /** Connects as the schema owner, because the queue library creates and migrates its own schema. */
  readonly owner: pg.Pool
  readonly log: Logger
  /** Wakes workers at once; without it they poll. */
  readonly signals?: Signals
  /** Whether this process runs jobs, schedules and maintenance. */
  readonly work: boolean
  /** Delay before the first retry; it doubles with each, up to ten minutes. */
  readonly retryDelaySeconds?: number
}

export const JOB_SCHEMA = 'jobs'
/** The queue of items whose retries are exhausted. */
export const DEAD_LETTERS = 'dead-letters'

const RETRIES = 5
const RETRY_DELAY_SECONDS = 2
const TIMEOUT_SECONDS = 900
/** An item whose worker sends no heartbeat for this long is given to another. */
export const HEARTBEAT_SECONDS = 30

export const timeoutSecondsOf = (job: Job): number => job.timeoutSeconds ?? TIMEOUT_SECONDS

/** Opens the queues, creating their schema on first use. */
export async function openJobQueue(queueOptions: JobQueueOptions): Promise<JobQueue> {
  const { owner, log, signals, work, retryDelaySeconds = RETRY_DELAY_SECONDS } = queueOptions
  const waking = wakers()
  const boss = new PgBoss({
    db: ownerDb(owner, signals, waking),
    schema: JOB_SCHEMA,
    supervise: work,
    schedule: work,
    useListenNotify: work && signals !== undefined,
    cronMonitorIntervalSeconds: 10,
  })
  boss.on('error', (error) => log.error({ err: error }, 'the job queue failed in the background'))
  boss.on('warning', (warning) => log.warn({ warning }, 'the job queue reports a warning'))
  await boss.start()
  await grantEnqueueing(owner)

  const queuesByEvent = new Map<string, string[]>()
  let published: ReadonlySet<string> | undefined
  return {
    boss,
    onWork: waking.add,
    outbox: {
      async publish(tx, tenantId, events) {
        for (const { name, payload } of events) {
          if (published?.has(name) === false) throw new Error(`the event ${name} is not declared by any module`)
          const data: QueuedWork = { kind: 'tenant', tenantId, payload }
          for (const queue of queuesByEvent.get(name) ?? []) {
            // A unique key: events are never deduplicated, even where the schedule's item is queued once per tenant.
            const row = { data, singletonKey: randomUUID(), group: { id: tenantId } }
            await boss.insert(queue, [row], { db: txDb(tx) })
          }
        }
      },
    },
    async register(jobs, events) {
      published = events && new Set(events.map(({ name }) => name))
      await boss.createQueue(DEAD_LETTERS, { retryLimit: 0 })
      for (const job of jobs) {
        await ensureQueue(boss, job, retryDelaySeconds)
        if (work && job.cron !== undefined) await queueOncePerKey(owner, job.name)
        if (job.on === undefined) continue
        const { name } = job.on
        queuesByEvent.set(name, [...(queuesByEvent.get(name) ?? []), job.name])
      }
    },
    close: (seconds) => boss.stop({ close: false, graceful: true, timeout: seconds * 1000 }),
  }
}

async function ensureQueue(boss: PgBoss, job: Job, retryDelaySeconds: number): Promise<void> {
  const options = {
    retryLimit: job.retries ?? RETRIES,
    retryDelay: retryDelaySeconds,
    retryBackoff: true,
    retryDelayMax: 600,
    // The worker stops a run at the job's own timeout; this is for a worker that hangs.
    expireInSeconds: timeoutSecondsOf(job) + 60,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deadLetter: DEAD_LETTERS,
    notify: true,
  }
  await boss.createQueue(job.name, { ...options, policy: job.cron === undefined ? 'standard' : ONCE_PER_KEY })
  await boss.updateQueue(job.name, options)
}

/** Rejects an item whose key (the tenant) is already queued, running or waiting for a retry. */
const ONCE_PER_KEY = 'exclusive'

/**
 * Queues created by an earlier release have another policy. The library never changes it, because a queue with a table
 * of its own lacks the index; our queues share one table that has every index, and each row keeps its policy.
 */
async function queueOncePerKey(owner: pg.Pool, name: string): Promise<void> {
  await owner.query(`update ${JOB_SCHEMA}.queue set policy = $2 where name = $1 and policy <> $2 and not partition`, [
    name,
    ONCE_PER_KEY,
  ])
}

/** Grants what enqueueing in a request's transaction needs: adding items, but not reading any. */
async function grantEnqueueing(owner: pg.Pool): Promise<void> {
  await owner.query(`
    grant usage on schema ${JOB_SCHEMA} to plimsoll_app, plimsoll_system;
    grant select on ${JOB_SCHEMA}.queue to plimsoll_app, plimsoll_system;
    grant insert, select (id, start_after) on ${JOB_SCHEMA}.job_common to plimsoll_app, plimsoll_system;
    grant insert, select (id, start_after) on ${JOB_SCHEMA}.job to plimsoll_app, plimsoll_system`)
}

function ownerDb(owner: pg.Pool, signals: Signals | undefined, waking: Wakers): BossDb {
  const executeSql = (text: string, values?: unknown[]) => owner.query(text, values)
  if (!signals) return { executeSql }
  return {
    executeSql,
    listen: (channel, onNotification, onReconnect) => {
      signals.onRestored(() => {
        onReconnect()
        waking.wakeAll()
      })
      const unsubscribe = signals.subscribe(channel, (queue) => {
        onNotification(queue)
        waking.wake(queue)
      })
      return Promise.resolve({ close: () => Promise.resolve(unsubscribe()) })
    },
  }
}

/** Runs the queue library's statements in an open transaction. */
function txDb(tx: Tx): BossDb {
  return {
    executeSql: async (text, values = []) => ({ rows: await runText(tx, `/* outbox.enqueue */ ${text}`, values) }),
  }
}
