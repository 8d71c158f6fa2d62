import { addressBucket } from '#kernel/network/address'
import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import type { KeyedHash } from './keyed-hash.ts'
import { countAttempt, everyNetwork, forgiveAttempts, forgiveEveryAttempt } from './store/sign-in-attempts.ts'
import type { Attempt, AttemptKey } from './store/sign-in-attempts.ts'

/** All networks together may fail this many times as often as one. */
const EVERY_NETWORK_FACTOR = 5

/** How long a network from which somebody signed in stays known. */
export const KNOWN_NETWORK_DAYS = 90

export interface Refusal {
  readonly retryAfterSeconds: number
  /** True for the attempt that closed the account, which is worth an event of its own. */
  readonly isNew: boolean
}

/**
 * Stops guessing without letting a stranger lock an owner out. One network gets so many wrong passwords in a row, then
 * none for a while. All networks together get five times as many, then only those are heard that the person has signed
 * in from before. Each lock ends by itself, refusals do not prolong it, and a password reset by mail ends it at once.
 * Counts are by keyed hash of the e-mail, whether anybody has it or not.
 */
export interface LockoutGuard {
  /** Counts the attempt. A refusal says how long to wait; the password is then not looked at. */
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
    // The attempt that closed a row is the one that set its end, a full time from now.
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
    succeeded: async (email, address) => forgiveAttempts(db, await keyOf(email, address), clock()),
    reset: async (email, address) => forgiveEveryAttempt(db, await keyOf(email, address), clock()),
  }
}

function isKnown({ succeeded_at }: Attempt, now: Date): boolean {
  return succeeded_at !== null && now.getTime() - succeeded_at.getTime() < KNOWN_NETWORK_DAYS * 86_400_000
}
