import { setTimeout as wait } from 'node:timers/promises'
import { isTransient } from '../database/errors.ts'
import { Failure } from '../failure.ts'

const ATTEMPTS_MAX = 4
const BACKOFF_MILLISECONDS = 10

/**
 * Retries a transaction up to three times after a deadlock or serialization failure, then throws `Failure('conflict')`.
 */
export async function retryTransient<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isTransient(error)) throw error
      if (tried === ATTEMPTS_MAX) {
        throw new Failure('conflict', 'Others are changing the same rows. Nothing was changed; try again.', {
          cause: error,
          retryAfterSeconds: 1,
        })
      }
      await wait(BACKOFF_MILLISECONDS * 2 ** tried, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}
