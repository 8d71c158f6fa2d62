import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'

/**
 * Stores the outcomes of runs in batches: runs that end while a batch is being stored go into the next one. An outcome
 * that cannot be stored is logged, and the work runs again once its heartbeat expires.
 */
export interface Outcomes {
  done(id: string): Promise<void>
  /** Marks the run as failed: the queue retries it or moves it to the dead letters. */
  failed(id: string, error: unknown): Promise<void>
}

export function settleWork(boss: PgBoss, job: string, log: Logger): Outcomes {
  let next: Batch | undefined
  let last: Promise<void> = Promise.resolve()
  const unstored = (error: unknown) => log.error({ job, err: error }, 'the outcome of a job could not be stored')
  const nextBatch = (): Batch => {
    const ids: string[] = []
    const store = async (): Promise<void> => {
      next = undefined
      await boss.complete(job, ids).catch(unstored)
    }
    last = last.then(store)
    return { ids, stored: last }
  }
  return {
    done(id) {
      next ??= nextBatch()
      next.ids.push(id)
      return next.stored
    },
    async failed(id, error) {
      const reason = error instanceof Error ? error : new Error(String(error))
      await boss.fail(job, id, reason).catch(unstored)
    },
  }
}

interface Batch {
  readonly ids: string[]
  readonly stored: Promise<void>
}
