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

/** What lies in a queue: one tenant's work, or a schedule's order to queue the tenants that are due. */
export type QueuedWork =
  | { readonly kind: 'tenant'; readonly tenantId: string; readonly payload: unknown }
  | { readonly kind: 'every-tenant' }

/** The queues of this database: one per job, in a schema of their own. */
export interface JobQueue {
  /** Writes into the queues of the jobs that subscribed to an event, inside the caller's transaction. */
  readonly outbox: Outbox
  /**
   * Makes a queue per job and routes events to them. Once, when every module exists, in every process. Publishing
   * anything but `events` throws from then on; without them everything can be published.
   */
  register(jobs: readonly Job[], events?: readonly DeclaredEvent[]): Promise<void>
  /** Calls `wake` when work was put into the queue of a job, in whatever process. Returns how to end it. */
  onWork(job: string, wake: () => void): () => void
  /** The queue library itself, for the worker surface. */
  readonly boss: PgBoss
  /** Waits for running jobs, at most `seconds`; what still runs then is aborted and tried again later. */
  close(seconds: number): Promise<void>
}

export interface JobQueueOptions {
  /** Logs in as the owner: the queue library makes and migrates its own schema. */
  readonly owner: pg.Pool
  readonly log: Logger
  /** Wakes workers at once; without it they find new work when they look for it. */
  readonly signals?: Signals
  /** This process runs jobs, keeps the schedules and clears up. */
  readonly work: boolean
  /** Pause before the first retry; it doubles from one to the next, up to ten minutes. */
  readonly retryDelaySeconds?: number
}

export const JOB_SCHEMA = 'jobs'
/** Where work ends up whose retries are used up. */
export const DEAD_LETTERS = 'dead-letters'

const RETRIES = 5
const RETRY_DELAY_SECONDS = 2
const TIMEOUT_SECONDS = 900
/** Work in progress whose worker is not heard of for so long is given to another. */
export const HEARTBEAT_SECONDS = 30

/** How long one run of a job may take. */
export const timeoutSecondsOf = (job: Job): number => job.timeoutSeconds ?? TIMEOUT_SECONDS

/** Opens the queues, making their schema on first use. */
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
  boss.on('error', (error) => log.error({ err: error }, 'the job queue failed at something in the background'))
  boss.on('warning', (warning) => log.warn({ warning }, 'the job queue warns'))
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
          if (published?.has(name) === false) throw new Error(`the event ${name} is published and no module brings it`)
          const data: QueuedWork = { kind: 'tenant', tenantId, payload }
          for (const queue of queuesByEvent.get(name) ?? []) {
            // A key of its own: events are never the same work, also where the schedule's is queued once a tenant.
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
    // The worker ends a run at its own deadline; this is for a worker that cannot.
    expireInSeconds: timeoutSecondsOf(job) + 60,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deadLetter: DEAD_LETTERS,
    notify: true,
  }
  await boss.createQueue(job.name, { ...options, policy: job.cron === undefined ? 'standard' : ONCE_PER_KEY })
  await boss.updateQueue(job.name, options)
}

/** Refuses work whose key (the tenant) is in the queue already, waiting, running or to be retried. */
const ONCE_PER_KEY = 'exclusive'

/**
 * Queues made by an earlier release have another policy. The library changes none after creation, because a queue with
 * a table of its own has no index for it; ours share one table, which has them all, and each row keeps its policy.
 */
async function queueOncePerKey(owner: pg.Pool, name: string): Promise<void> {
  await owner.query(`update ${JOB_SCHEMA}.queue set policy = $2 where name = $1 and policy <> $2 and not partition`, [
    name,
    ONCE_PER_KEY,
  ])
}

/** What enqueueing inside a request's transaction needs and no more: it can add work, and read none. */
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

/** Lets the queue library speak on the connection of a transaction that is already open. */
function txDb(tx: Tx): BossDb {
  return {
    executeSql: async (text, values = []) => ({ rows: await runText(tx, `/* outbox.enqueue */ ${text}`, values) }),
  }
}
