import type { Logger } from 'pino'
import { halt, type Postmaster } from './postmaster.ts'
import { isRunning } from './process-identity.ts'

const LOOK_MILLISECONDS = 500

/**
 * Starts the server again when it ends without being told to, on the endpoint it had, until `stop()`. Callers lose
 * their connections and get new ones; what was committed is still there.
 */
export function keepRunning(
  first: Postmaster,
  startAgain: (before: Postmaster) => Promise<Postmaster>,
  log: Logger,
): { stop(): Promise<void> } {
  let postmaster = first
  let isStopping = false
  let looking: Promise<void> = Promise.resolve()

  const look = async () => {
    if (await isRunning(postmaster.process)) return
    if (isStopping) return
    log.error({ pid: postmaster.process.pid }, 'the embedded PostgreSQL ended by itself; starting it again')
    postmaster = await startAgain(postmaster)
    log.info({ pid: postmaster.process.pid }, 'the embedded PostgreSQL runs again')
  }
  const lookLater = () => {
    timer = setTimeout(() => {
      looking = look()
        .catch((error: unknown) => log.error({ err: error }, 'the embedded PostgreSQL could not be started again'))
        .finally(() => isStopping || lookLater())
    }, LOOK_MILLISECONDS)
    timer.unref()
  }
  let timer: NodeJS.Timeout | undefined
  lookLater()

  return {
    async stop() {
      isStopping = true
      clearTimeout(timer)
      await looking
      await halt(postmaster.process)
    },
  }
}
