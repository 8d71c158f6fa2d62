import { LRUCache } from 'lru-cache'
import { addressBucket } from '#kernel/network/address'
import { OverLimit } from '#kernel/calls/limits'

/**
 * Looks up a credential that is not cached, unless its address has sent too many invalid ones. `isValid` decides
 * whether the result counts as valid.
 */
export type GuessGuard = <T>(address: string, lookUp: () => Promise<T>, isValid: (found: T) => boolean) => Promise<T>

export interface GuessGuardOptions {
  /** Invalid credentials allowed per address and minute; `Infinity` for no limit. */
  readonly perMinute: number
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
}

const WINDOW_MILLISECONDS = 60_000
const ADDRESSES_MAX = 100_000
/** Concurrent look-ups per address. Others wait, and are refused once the address is over its limit. */
const AT_ONCE = 8

interface Guesses {
  endsAt: number
  wrong: number
  running: number
  readonly waiting: (() => void)[]
}

/**
 * A rate limit per address on invalid credentials, so that guessing does not load the database. It counts in this
 * process. An address over the limit is refused before any look-up. Valid credentials are never counted.
 */
export function guessGuard({ perMinute, milliseconds }: GuessGuardOptions): GuessGuard {
  const byAddress = new LRUCache<string, Guesses>({ max: ADDRESSES_MAX })
  const guessesOf = (address: string): Guesses => {
    const bucket = addressBucket(address)
    const known = byAddress.get(bucket)
    if (known !== undefined) return known
    const none = { endsAt: 0, wrong: 0, running: 0, waiting: [] }
    byAddress.set(bucket, none)
    return none
  }
  const requireRoom = (guesses: Guesses): void => {
    const now = milliseconds()
    if (now >= guesses.endsAt) Object.assign(guesses, { endsAt: now + WINDOW_MILLISECONDS, wrong: 0 })
    if (guesses.wrong < perMinute) return
    const resetSeconds = Math.ceil((guesses.endsAt - now) / 1000)
    throw new OverLimit(
      `More than ${perMinute} unknown keys a minute from this address. Try again in ${resetSeconds} seconds.`,
      { limit: perMinute, remaining: 0, resetSeconds },
    )
  }
  return async (address, lookUp, isValid) => {
    const guesses = guessesOf(address)
    requireRoom(guesses)
    while (guesses.running >= AT_ONCE) await new Promise<void>((resolve) => guesses.waiting.push(resolve))
    guesses.running++
    try {
      requireRoom(guesses)
      const found = await lookUp()
      if (!isValid(found)) guesses.wrong++
      return found
    } finally {
      guesses.running--
      guesses.waiting.shift()?.()
    }
  }
}
