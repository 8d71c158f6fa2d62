import type { Job as QueuedJob } from 'pg-boss'
import type { Logger } from 'pino'
import type { OpenContext } from '#kernel/context'
import { DEAD_LETTERS, type JobQueue, type QueuedWork } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'
import { enqueueEveryTenant } from './every-tenant.ts'
import { type JobObserver, runJob } from './run-job.ts'

export interface WorkerOptions {
  readonly queue: JobQueue
  readonly jobs: readonly Job[]
  /** Opens contexts whose statements may run as long as a job's may. */
  readonly openContext: OpenContext
  /** The ids of all tenants, for schedules. */
  readonly tenants: () => Promise<readonly string[]>
  readonly log: Logger
  readonly observe?: JobObserver
  /** Jobs of one kind that run at a time in this process. */
  readonly concurrency?: number
  /** How often to look for work whose time has come, such as retries; new work is announced. At least 0.5. */
  readonly pollSeconds?: number
}

export interface Worker {
  /** Takes no more work and waits for what runs, at most `seconds`; the rest is aborted and tried again elsewhere. */
  stop(seconds: number): Promise<void>
}

const CONCURRENCY = 2
const POLL_SECONDS = 5

/**
 * Runs jobs: on their schedules for every tenant, and for the events they subscribed to. A run that fails is tried
 * again with growing pauses, and put among the dead letters when its retries are used up.
 */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const { queue, jobs, log } = options
  const stopping = new AbortController()
  await Promise.all(jobs.map((job) => work(job, stopping.signal, options)))
  await schedule(queue, jobs)
  log.info({ jobs: jobs.length }, 'the worker takes jobs')
  return {
    async stop(seconds) {
      const late = setTimeout(() => stopping.abort(new Error('the worker stops')), seconds * 1000)
      try {
        await Promise.all(jobs.map(({ name }) => queue.boss.offWork(name, { wait: true })))
      } finally {
        clearTimeout(late)
      }
    },
  }
}

async function work(job: Job, stopping: AbortSignal, options: WorkerOptions): Promise<void> {
  const { queue, tenants, log } = options
  const seconds = options.pollSeconds ?? POLL_SECONDS
  const polling = {
    pollingIntervalSeconds: Math.min(seconds, 2),
    notifyPollingIntervalSeconds: seconds,
    localConcurrency: options.concurrency ?? CONCURRENCY,
  }
  await queue.boss.work<QueuedWork>(job.name, { ...polling, batchSize: 1 }, async (batch: QueuedJob<QueuedWork>[]) => {
    for (const queued of batch) {
      if (queued.data.kind === 'every-tenant') {
        await enqueueEveryTenant(queue.boss, job.name, await tenants())
        continue
      }
      const signal = AbortSignal.any([queued.signal, stopping])
      await runJob(job, { id: queued.id, signal, ...queued.data }, { ...options, log: log.child({ job: job.name }) })
    }
  })
}

/** Makes the schedules of this program the only ones: those of jobs that are gone are taken down. */
async function schedule({ boss }: JobQueue, jobs: readonly Job[]): Promise<void> {
  const order: QueuedWork = { kind: 'every-tenant' }
  for (const { name, cron } of jobs) if (cron !== undefined) await boss.schedule(name, cron, order, { tz: 'UTC' })
  const wanted = new Set(jobs.filter(({ cron }) => cron !== undefined).map(({ name }) => name))
  for (const { name } of await boss.getSchedules()) {
    if (!wanted.has(name) && name !== DEAD_LETTERS) await boss.unschedule(name)
  }
}
