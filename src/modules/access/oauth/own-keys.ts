import type { JWK } from 'jose'
import type { Clock } from '#kernel/clock'
import { keysOf } from './token-keys.ts'
import type { TokenKeys, VerificationKey } from './token-keys.ts'

const FRESH_MILLISECONDS = 60_000

/**
 * The keys that this installation signs with, read from the database when one is asked for that is not known, and each
 * minute. However many ask at once, one read runs and at most one more waits: a key made a moment ago is found at once,
 * and made-up key ids cost no more than that.
 */
export function ownTokenKeys(parts: {
  readonly load: () => Promise<readonly JWK[]>
  /** Calls `act` when keys were made or taken away, or may have been. */
  readonly onChange?: (act: () => void) => void
  readonly clock: Clock
}): TokenKeys {
  let known: ReadonlyMap<string, VerificationKey> = new Map()
  let loadedAt = -Infinity
  let running: Promise<void> | undefined
  let waiting: Promise<void> | undefined

  const start = (): Promise<void> => {
    const load = async () => {
      const began = parts.clock().getTime()
      known = await keysOf(await parts.load())
      loadedAt = began
    }
    running = load().finally(() => {
      running = undefined
    })
    return running
  }
  /** A read that begins now or later: one that runs already may have looked too early. */
  const read = (): Promise<void> => {
    if (running === undefined) return start()
    waiting ??= running
      .catch(() => undefined)
      .then(() => {
        waiting = undefined
        return start()
      })
    return waiting
  }
  parts.onChange?.(() => {
    loadedAt = -Infinity
  })
  return {
    find(kid) {
      const key = known.get(kid)
      const isFresh = parts.clock().getTime() - loadedAt < FRESH_MILLISECONDS
      return key !== undefined && isFresh ? key : read().then(() => known.get(kid))
    },
  }
}
