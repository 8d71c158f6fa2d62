import type { PgBoss, Job as QueuedJob } from 'pg-boss'
import type { Logger } from 'pino'
import { HEARTBEAT_SECONDS, type QueuedWork } from '#kernel/jobs/job-queue'
import { settleWork } from './settle-work.ts'

/** The running work of one queue in this process: sends heartbeats and stores outcomes. */
export interface WorkInProgress {
  /** Calls `ended` when the run has ended, and `settled` once its outcome is stored. */
  start(work: QueuedJob<QueuedWork>, ended: () => void, settled: () => void): void
  /** Resolves when every run has ended and its outcome is stored. */
  finish(): Promise<void>
}

export interface WorkRunning {
  readonly boss: PgBoss
  readonly job: string
  /** Throws what the work throws, so that the queue retries it. */
  readonly run: (work: QueuedJob<QueuedWork>) => Promise<void>
  readonly log: Logger
}

export function workInProgress({ boss, job, run, log }: WorkRunning): WorkInProgress {
  const outcomes = settleWork(boss, job, log)
  const running = new Set<string>()
  const unsettled = new Set<Promise<void>>()
  const heartbeat = setInterval(() => {
    if (running.size === 0) return
    const missed = (error: unknown) => log.warn({ job, err: error }, 'a heartbeat was missed')
    boss.touch(job, [...running]).catch(missed)
  }, HEARTBEAT_SECONDS * 500)

  const runOne = async (work: QueuedJob<QueuedWork>, ended: () => void): Promise<void> => {
    running.add(work.id)
    const settle = await run(work).then(
      () => () => outcomes.done(work.id),
      (error: unknown) => () => outcomes.failed(work.id, error),
    )
    running.delete(work.id)
    ended()
    await settle()
  }
  return {
    start(work, ended, settled) {
      const finished = runOne(work, ended)
      unsettled.add(finished)
      void finished.finally(() => {
        unsettled.delete(finished)
        settled()
      })
    },
    async finish() {
      await Promise.all(unsettled)
      clearInterval(heartbeat)
    },
  }
}
