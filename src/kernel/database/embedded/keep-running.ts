import type { Logger } from 'pino'
import { halt, type Postmaster } from './postmaster.ts'
import { isRunning } from './process-identity.ts'

const CHECK_MILLISECONDS = 500

/**
 * Restarts the server, on the same endpoint, when it exits unexpectedly, until `stop()`. Callers lose their connections
 * and open new ones; committed data is kept.
 */
export function keepRunning(
  first: Postmaster,
  startAgain: (before: Postmaster) => Promise<Postmaster>,
  log: Logger,
): { stop(): Promise<void> } {
  let postmaster = first
  let isStopping = false
  let checking: Promise<void> = Promise.resolve()

  const check = async () => {
    if (await isRunning(postmaster.process)) return
    if (isStopping) return
    log.error({ pid: postmaster.process.pid }, 'the embedded PostgreSQL exited unexpectedly; restarting it')
    postmaster = await startAgain(postmaster)
    log.info({ pid: postmaster.process.pid }, 'the embedded PostgreSQL was restarted')
  }
  const scheduleCheck = () => {
    timer = setTimeout(() => {
      checking = check()
        .catch((error: unknown) => log.error({ err: error }, 'the embedded PostgreSQL could not be restarted'))
        .finally(() => isStopping || scheduleCheck())
    }, CHECK_MILLISECONDS)
    timer.unref()
  }
  let timer: NodeJS.Timeout | undefined
  scheduleCheck()

  return {
    async stop() {
      isStopping = true
      clearTimeout(timer)
      await checking
      await halt(postmaster.process)
    },
  }
}
