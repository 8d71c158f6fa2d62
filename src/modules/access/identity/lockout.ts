import { addressBucket } from '#kernel/network/address'
import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import type { KeyedHash } from './keyed-hash.ts'
import { clearAllAttempts, clearAttempts, countAttempt, everyNetwork } from './store/sign-in-attempts.ts'
import type { Attempt, AttemptKey } from './store/sign-in-attempts.ts'

/** The failure limit of all networks together, as a multiple of the limit of one network. */
const EVERY_NETWORK_FACTOR = 5

/** How long a network stays known after a sign-in from it. */
export const KNOWN_NETWORK_DAYS = 90

export interface Refusal {
  readonly retryAfterSeconds: number
  /** True for the attempt that caused the lock, which gets an audit event of its own. */
  readonly isNew: boolean
}

/**
 * Limits password guessing without letting strangers lock the owner of an account out. After `failuresMax` wrong
 * passwords in a row a network is locked for `seconds`. After five times as many from all networks together, every
 * network is locked except those from which the person has signed in before. Refused attempts do not prolong a lock,
 * and a password reset by mail ends it at once. Attempts are counted by keyed hash of the e-mail, whether or not it has
 * an account.
 */
export interface LockoutGuard {
  /** Counts an attempt, before its password is checked. Resolves with a refusal while there is a lock. */
  take(email: string, address: string): Promise<Refusal | undefined>
  succeeded(email: string, address: string): Promise<void>
  reset(email: string, address: string): Promise<void>
}

export function lockoutGuard(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly hash: () => Promise<KeyedHash>
  readonly failuresMax: number
  readonly seconds: number
}): LockoutGuard {
  const { db, clock, failuresMax, seconds } = parts
  const keyOf = async (email: string, address: string): Promise<AttemptKey> => {
    const hash = await parts.hash()
    return { email: hash('email', email.toLowerCase()), network: hash('network', addressBucket(address)) }
  }
  const refusal = ({ locked_until, failures }: Attempt, max: number, now: Date): Refusal | undefined => {
    if (locked_until === null || locked_until <= now) return undefined
    const milliseconds = locked_until.getTime() - now.getTime()
    // The attempt that caused the lock set its end, which is the full lock time from now.
    const isNew = milliseconds === seconds * 1000 && failures === max + 1
    return { retryAfterSeconds: Math.ceil(milliseconds / 1000), isNew }
  }
  return {
    async take(email, address) {
      const key = await keyOf(email, address)
      const now = clock()
      const own = await countAttempt(db, key, now, { failures_max: failuresMax, seconds })
      const refused = refusal(own, failuresMax, now)
      if (refused !== undefined) return refused
      const max = failuresMax * EVERY_NETWORK_FACTOR
      const all = await countAttempt(db, everyNetwork(key), now, { failures_max: max, seconds })
      return isKnown(own, now) ? undefined : refusal(all, max, now)
    },
    succeeded: async (email, address) => clearAttempts(db, await keyOf(email, address), clock()),
    reset: async (email, address) => clearAllAttempts(db, await keyOf(email, address), clock()),
  }
}

function isKnown({ succeeded_at }: Attempt, now: Date): boolean {
  return succeeded_at !== null && now.getTime() - succeeded_at.getTime() < KNOWN_NETWORK_DAYS * 86_400_000
}
