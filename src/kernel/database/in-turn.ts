import { Failure } from '../failure.ts'
import type { Claimant, FairSlots, Release, Waiting } from './fair-slots.ts'

interface Patience {
  readonly milliseconds: number
  readonly signal: AbortSignal | undefined
}

/**
 * Waits for the claimant's turn and returns the function that ends it. Throws `Failure('unavailable')` when too many
 * of the claimant's requests wait or the turn does not come in time, and the signal's reason when the caller leaves.
 */
export async function inTurn(fair: FairSlots, claimant: Claimant, patience: Patience): Promise<Release> {
  const taken = fair.take(claimant)
  if (taken === undefined) throw busy('Too many of your requests wait for the database.')
  return typeof taken === 'function' ? taken : turnOf(taken, patience)
}

function turnOf({ turn, leave }: Waiting, { milliseconds, signal }: Patience): Promise<Release> {
  return new Promise((resolve, reject) => {
    // A turn that has come is taken even then: its slot would be lost otherwise.
    const giveUp = (reason: unknown) => (leave() ? reject(reason) : undefined)
    const onAbort = () => giveUp(signal?.reason)
    const timer = setTimeout(() => giveUp(busy('The database is busy.')), milliseconds)
    signal?.addEventListener('abort', onAbort, { once: true })
    void turn.then((release) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve(release)
    })
  })
}

function busy(what: string): Failure {
  const message = `${what} Nothing was changed; try again in a moment.`
  return new Failure('unavailable', message, { code: 'BUSY', retryAfterSeconds: 1 })
}
