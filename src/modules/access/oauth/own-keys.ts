import type { JWK } from 'jose'
import type { Clock } from '#kernel/clock'
import { keysOf } from './token-keys.ts'
import type { TokenKeys, VerificationKey } from './token-keys.ts'

const FRESH_MILLISECONDS = 60_000

/**
 * The keys that this installation signs with. They are read from the database when they are a minute old, and for an
 * unknown key id. At most one read runs and one waits, so a new key is found at once and invented key ids stay cheap.
 */
export function ownTokenKeys(parts: {
  readonly load: () => Promise<readonly JWK[]>
  /** Calls `listener` when keys were added or removed, or may have been. */
  readonly onChange?: (listener: () => void) => void
  readonly clock: Clock
}): TokenKeys {
  let known: ReadonlyMap<string, VerificationKey> = new Map()
  let loadedAt = -Infinity
  let running: Promise<void> | undefined
  let waiting: Promise<void> | undefined

  const start = (): Promise<void> => {
    const load = async () => {
      const startedAt = parts.clock().getTime()
      known = await keysOf(await parts.load())
      loadedAt = startedAt
    }
    running = load().finally(() => {
      running = undefined
    })
    return running
  }
  /** A read that starts now or later. One that is running may have missed a new key. */
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
