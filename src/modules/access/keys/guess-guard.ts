import { LRUCache } from 'lru-cache'
import { addressBucket } from '#kernel/network/address'
import { OverLimit } from '#kernel/calls/limits'

/**
 * Lets a credential that is not known yet be looked up, unless its address has brought too many that open nothing.
 * `opens` tells of what was found whether it does.
 */
export type GuessGuard = <T>(address: string, lookUp: () => Promise<T>, opens: (found: T) => boolean) => Promise<T>

export interface GuessGuardOptions {
  /** Unknown credentials of one address that are looked up in a minute; `Infinity` for no bound. */
  readonly perMinute: number
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
}

const WINDOW_MILLISECONDS = 60_000
const ADDRESSES_MAX = 100_000
/** Look-ups of one address that run at a time; the others wait and are refused once the address has guessed too often. */
const AT_ONCE = 8

interface Guesses {
  endsAt: number
  wrong: number
  running: number
  readonly waiting: (() => void)[]
}

/**
 * Bounds what random credentials cost the database: each address may be wrong so many times a minute, counted in this
 * process, and from then on is refused before anything is looked up. Credentials that open something are never counted.
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
  return async (address, lookUp, opens) => {
    const guesses = guessesOf(address)
    requireRoom(guesses)
    while (guesses.running >= AT_ONCE) await new Promise<void>((resolve) => guesses.waiting.push(resolve))
    guesses.running++
    try {
      requireRoom(guesses)
      const found = await lookUp()
      if (!opens(found)) guesses.wrong++
      return found
    } finally {
      guesses.running--
      guesses.waiting.shift()?.()
    }
  }
}
