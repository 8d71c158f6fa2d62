import type { Job as QueuedJob } from 'pg-boss'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { OpenContext } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { DEAD_LETTERS, type JobQueue, type QueuedWork } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'
import { enqueueDue } from './enqueue-due.ts'
import { sharedPlaces } from './places.ts'
import { type JobObserver, rejectOnAbort, runJob } from './run-job.ts'
import { takeWork } from './take-work.ts'

export interface WorkerOptions {
  readonly queue: JobQueue
  readonly jobs: readonly Job[]
  /** Opens contexts whose statements may run as long as a job's may. */
  readonly openContext: OpenContext
  /** The system handle, for jobs to say which tenants are due. */
  readonly system: Db
  readonly clock: Clock
  /** The ids of all tenants, for schedules. */
  readonly tenants: () => Promise<readonly string[]>
  readonly log: Logger
  readonly observe?: JobObserver
  /** How often to look for work whose time has come, such as retries; new work is announced. */
  readonly pollSeconds?: number
}

export interface Worker {
  /** Takes no more work and waits for what runs, at most `seconds`; the rest is aborted and tried again elsewhere. */
  stop(seconds: number): Promise<void>
}

/** Runs at a time in this process: of one job, of all jobs beyond one each, and of one job for one tenant. */
const PER_JOB_MAX = 8
const SHARED_MAX = 8
const PER_TENANT_MAX = 2
const POLL_SECONDS = 5

/**
 * Runs jobs: on their schedules for the tenants that are due, and for the events they subscribed to. A run that fails is
 * tried again with growing pauses, and put among the dead letters when its retries are used up.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { queue, jobs, log, pollSeconds = POLL_SECONDS } = options
  const stopping = new AbortController()
  const shared = sharedPlaces(SHARED_MAX)
  const takers = jobs.map((job) =>
    takeWork({
      queue,
      job: job.name,
      run: (work) => runWork(job, work, stopping.signal, options),
      places: shared.forQueue(PER_JOB_MAX),
      ...(job.on !== undefined && { perTenantMax: PER_TENANT_MAX }),
      pollSeconds,
      log,
    }),
  )
  await schedule(queue, jobs)
  log.info({ jobs: jobs.length }, 'the worker takes jobs')
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

/** An order is taken before the work that is left of the one before. */
const ORDER = { tz: 'UTC', priority: 1 }

/** Makes the schedules of this program the only ones: those of jobs that are gone are taken down. */
async function schedule({ boss }: JobQueue, jobs: readonly Job[]): Promise<void> {
  const order: QueuedWork = { kind: 'every-tenant' }
  for (const { name, cron } of jobs) if (cron !== undefined) await boss.schedule(name, cron, order, ORDER)
  const wanted = new Set(jobs.filter(({ cron }) => cron !== undefined).map(({ name }) => name))
  for (const { name } of await boss.getSchedules()) {
    if (!wanted.has(name) && name !== DEAD_LETTERS) await boss.unschedule(name)
  }
}
