import type { Logger } from 'pino'
import type { OpenContext } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { timeoutSecondsOf } from '#kernel/jobs/job-queue'
import type { Job } from '#kernel/jobs/job'

/** Called after every run; `invalid` means that the payload does not match the job's schema. */
export type JobObserver = (job: string, outcome: 'done' | 'failed' | 'timeout' | 'invalid', seconds: number) => void

export interface Run {
  /** The id of this work in the queue; the same on every attempt. */
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
 * Runs one attempt of a job for one tenant. Its signal is aborted at the job's deadline and when the worker stops.
 * Throws what the job throws, so that the queue retries it.
 */
export async function runJob(job: Job, run: Run, { openContext, log, observe }: RunOptions): Promise<void> {
  const startedAt = performance.now()
  const finished = (outcome: Parameters<JobObserver>[1]) =>
    observe?.(job.name, outcome, (performance.now() - startedAt) / 1000)
  const payload = job.payload.safeParse(run.payload)
  if (!payload.success) {
    finished('invalid')
    log.error(
      { tenantId: run.tenantId, id: run.id, err: payload.error },
      'the payload of a job does not match its schema',
    )
    throw new Failure('invalid', `The payload of ${job.name} does not match its schema.`, { cause: payload.error })
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

/** Rejects when the signal aborts, so that a job that ignores its signal does not keep its slot. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = () =>
      reject(new Failure('timeout', 'The job was stopped before it finished.', { cause: signal.reason }))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
