import type { Job as QueuedJob } from 'pg-boss'
import type { JobQueue, QueuedWork } from '#kernel/jobs/job-queue'
import type { Slots } from './slots.ts'
import { sleeper } from './sleeper.ts'
import { type WorkRunning, workInProgress } from './work-in-progress.ts'

/** `job` names the job whose queue it is. */
export interface WorkTaking extends Omit<WorkRunning, 'boss'> {
  readonly queue: JobQueue
  readonly slots: Slots
  /** The maximum of concurrent runs of one tenant, over all processes. Absent when the queue holds each tenant once. */
  readonly perTenantMax?: number
  readonly pollSeconds: number
}

const BATCH_MAX = 50

/**
 * Fetches work from one queue and runs it. It fetches as much as it has free slots; again when a slot becomes free while
 * more is waiting, when new work is announced, and on a timer for retries. A long run holds only its own slot. `stop`
 * fetches no more, and waits until all runs have ended and their outcomes are stored.
 */
export function takeWork(options: WorkTaking): { stop(): Promise<void> } {
  const { queue, job, slots, perTenantMax, pollSeconds, log } = options
  const { boss } = queue
  const limits = perTenantMax === undefined ? {} : { groupConcurrency: perTenantMax }
  const sleeping = sleeper()
  const progress = workInProgress({ boss, ...options })
  let stopping = false
  let isMore = false

  const fetch = async (batchSize: number): Promise<QueuedJob<QueuedWork>[]> => {
    try {
      return await boss.fetch<QueuedWork>(job, { batchSize, ...limits })
    } catch (error) {
      log.error({ job, err: error }, 'work could not be fetched from the queue; retrying')
      return []
    }
  }
  const ended = () => {
    slots.release(1)
    if (isMore) sleeping.wake()
  }
  /** A run counts against its tenant's limit until its outcome is stored, so a tenant at the limit may go on only now. */
  const settled = () => {
    if (perTenantMax !== undefined) sleeping.wake()
  }
  const loop = async (): Promise<void> => {
    while (!stopping) {
      sleeping.reset()
      const free = slots.take(BATCH_MAX)
      const taken = free === 0 ? [] : await fetch(free)
      slots.release(free - taken.length)
      isMore = taken.length === free
      for (const work of taken) progress.start(work, ended, settled)
      if (isMore) slots.whenFree(sleeping.wake)
      if (free === 0 || taken.length < free) await sleeping.sleep(pollSeconds)
    }
  }

  const unsubscribe = queue.onWork(job, sleeping.wake)
  const stopped = loop()
  return {
    async stop() {
      stopping = true
      sleeping.wake()
      await stopped
      await progress.finish()
      unsubscribe()
    },
  }
}
