import type { Job as QueuedJob } from 'pg-boss'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { OpenContext } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { DEAD_LETTERS, type JobQueue, type QueuedWork } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'
import { enqueueDue } from './enqueue-due.ts'
import { sharedSlots } from './slots.ts'
import { type JobObserver, rejectOnAbort, runJob } from './run-job.ts'
import { takeWork } from './take-work.ts'

export interface WorkerOptions {
  readonly queue: JobQueue
  readonly jobs: readonly Job[]
  /** Opens contexts with the statement timeout of jobs. */
  readonly openContext: OpenContext
  /** The database handle without a tenant, with which jobs select the tenants that are due. */
  readonly system: Db
  readonly clock: Clock
  /** The ids of all tenants, for schedules. */
  readonly tenants: () => Promise<readonly string[]>
  readonly log: Logger
  readonly observe?: JobObserver
  /** How often to poll for delayed work, such as retries; new work is announced at once. */
  readonly pollSeconds?: number
}

export interface Worker {
  /** Fetches no more work and waits up to `seconds` for running jobs; the rest is aborted and retried elsewhere. */
  stop(seconds: number): Promise<void>
}

/** Maximum concurrent runs: of one job in this process, of all jobs beyond one each, and of one job for one tenant. */
const PER_JOB_MAX = 8
const SHARED_MAX = 8
const PER_TENANT_MAX = 2
const POLL_SECONDS = 5

/**
 * The worker that runs jobs: on schedule for the tenants that are due, and for the events they subscribe to. A failed
 * run is retried with growing delays, and moved to the dead letters when its retries are used up.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { queue, jobs, log, pollSeconds = POLL_SECONDS } = options
  const stopping = new AbortController()
  const shared = sharedSlots(SHARED_MAX)
  const takers = jobs.map((job) =>
    takeWork({
      queue,
      job: job.name,
      run: (work) => runWork(job, work, stopping.signal, options),
      slots: shared.forQueue(PER_JOB_MAX),
      ...(job.on !== undefined && { perTenantMax: PER_TENANT_MAX }),
      pollSeconds,
      log,
    }),
  )
  await schedule(queue, jobs)
  log.info({ jobs: jobs.length }, 'the worker has started')
  return {
    async stop(seconds) {
      const late = setTimeout(() => stopping.abort(new Error('the worker stops')), seconds * 1000)
      try {
        await Promise.all(takers.map((taker) => taker.stop()))
      } finally {
        clearTimeout(late)
      }
    },
  }
}

async function runWork(
  job: Job,
  { id, data }: QueuedJob<QueuedWork>,
  signal: AbortSignal,
  options: WorkerOptions,
): Promise<void> {
  if (data.kind === 'tenant') {
    const { tenantId, payload } = data
    return runJob(job, { id, tenantId, payload, signal }, { ...options, log: options.log.child({ job: job.name }) })
  }
  const queued = enqueueDue(job, { ...options, now: options.clock() })
  await Promise.race([queued, rejectOnAbort(AbortSignal.any([signal]))])
}

/** The priority of a schedule's tick, above that of the work left from an earlier tick. */
const ORDER = { tz: 'UTC', priority: 1 }

/** Stores the schedules of all jobs, and deletes those of jobs that no longer exist. */
async function schedule({ boss }: JobQueue, jobs: readonly Job[]): Promise<void> {
  const order: QueuedWork = { kind: 'every-tenant' }
  for (const { name, cron } of jobs) if (cron !== undefined) await boss.schedule(name, cron, order, ORDER)
  const wanted = new Set(jobs.filter(({ cron }) => cron !== undefined).map(({ name }) => name))
  for (const { name } of await boss.getSchedules()) {
    if (!wanted.has(name) && name !== DEAD_LETTERS) await boss.unschedule(name)
  }
}
