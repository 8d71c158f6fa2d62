import type { Logger } from 'pino'
import type { OpenContext } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { timeoutSecondsOf } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'

/** Told of every run: `invalid` is a payload the job does not take. */
export type JobObserver = (job: string, outcome: 'done' | 'failed' | 'timeout' | 'invalid', seconds: number) => void

export interface Run {
  /** The queue's id of this work; the same on every attempt. */
  readonly id: string
  readonly tenantId: string
  readonly payload: unknown
  readonly signal: AbortSignal
}

interface RunOptions {
  readonly openContext: OpenContext
  readonly log: Logger
  readonly observe?: JobObserver
}

/**
 * One attempt, for one tenant. The job's own signal is aborted at its deadline and when the worker stops. Throws what
 * the job throws, for the queue to try again.
 */
export async function runJob(job: Job, run: Run, { openContext, log, observe }: RunOptions): Promise<void> {
  const startedAt = performance.now()
  const finished = (outcome: Parameters<JobObserver>[1]) =>
    observe?.(job.name, outcome, (performance.now() - startedAt) / 1000)
  const payload = job.payload.safeParse(run.payload)
  if (!payload.success) {
    finished('invalid')
    log.error({ tenantId: run.tenantId, id: run.id, err: payload.error }, 'a job was given a payload it does not take')
    throw new Failure('invalid', `The payload of ${job.name} is not what the job takes.`, { cause: payload.error })
  }
  const deadline = AbortSignal.timeout(timeoutSecondsOf(job) * 1000)
  const signal = AbortSignal.any([run.signal, deadline])
  const principal = {
    tenantId: run.tenantId,
    actor: { kind: 'job', id: job.name },
    scopes: new Set(job.scopes),
  } as const
  const ctx = openContext(principal, { requestId: run.id, signal })
  try {
    await Promise.race([job.run(ctx, payload.data), rejectOnAbort(signal)])
    finished('done')
  } catch (error) {
    finished(deadline.aborted ? 'timeout' : 'failed')
    log.warn({ tenantId: run.tenantId, id: run.id, err: error }, 'a job failed')
    throw error
  }
}

/** A job that does not look at its signal must not hold its place in the queue. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () => reject(new Failure('timeout', 'The job was stopped before its end.', { cause: signal.reason }))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
