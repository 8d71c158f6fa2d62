import type { Job as QueuedJob } from 'pg-boss'
import type { JobQueue, QueuedWork } from '#kernel/jobs/job-queue'
import type { Places } from './places.ts'
import { sleeper } from './sleeper.ts'
import { type WorkRunning, workInProgress } from './work-in-progress.ts'

/** `job` names the job whose queue it is. */
export interface WorkTaking extends Omit<WorkRunning, 'boss'> {
  readonly queue: JobQueue
  readonly places: Places
  /** Runs of one tenant at a time, in all processes. Absent: the queue holds each tenant at most once. */
  readonly perTenantMax?: number
  readonly pollSeconds: number
}

const BATCH_MAX = 50

/**
 * Takes work out of one queue and runs it. It fetches as much at once as it has places for, again whenever a place
 * becomes free while there is more, and otherwise when work is announced or its time may have come. A long run holds its
 * own place and nothing else. `stop` takes no more, and waits for what runs and until its outcome is stored.
 */
export function takeWork(options: WorkTaking): { stop(): Promise<void> } {
  const { queue, job, places, perTenantMax, pollSeconds, log } = options
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
      log.error({ job, err: error }, 'no work could be taken out of the queue; trying again')
      return []
    }
  }
  const ended = () => {
    places.giveBack(1)
    if (isMore) sleeping.wake()
  }
  /** A tenant that had all the runs it may have gets another only now: until then this one counts. */
  const settled = () => {
    if (perTenantMax !== undefined) sleeping.wake()
  }
  const loop = async (): Promise<void> => {
    while (!stopping) {
      sleeping.reset()
      const free = places.take(BATCH_MAX)
      const taken = free === 0 ? [] : await fetch(free)
      places.giveBack(free - taken.length)
      isMore = taken.length === free
      for (const work of taken) progress.start(work, ended, settled)
      if (isMore) places.whenFree(sleeping.wake)
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
