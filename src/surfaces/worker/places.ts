/** How many runs one queue may have at a time: a place of its own, and more out of those that all queues share. */
export interface Places {
  /** Takes up to so many places; fewer, or none, when they are in use. */
  take(wanted: number): number
  giveBack(count: number): void
  /** Calls `wake` once, when a shared place becomes free. */
  whenFree(wake: () => void): void
}

/** Places that queues share. A queue that is filled with long runs leaves every other queue the place of its own. */
export interface SharedPlaces {
  /** The places of one queue, `max` at most. */
  forQueue(max: number): Places
}

export function sharedPlaces(count: number): SharedPlaces {
  let free = count
  const waiting = new Set<() => void>()
  const release = (given: number): void => {
    if (given === 0) return
    free += given
    const woken = [...waiting]
    waiting.clear()
    for (const wake of woken) wake()
  }
  return {
    forQueue(max) {
      let taken = 0
      return {
        take(wanted) {
          const own = taken === 0 && wanted > 0 ? 1 : 0
          const shared = Math.max(0, Math.min(wanted - own, max - taken - own, free))
          free -= shared
          taken += own + shared
          return own + shared
        },
        giveBack(given) {
          const sharedBefore = Math.max(0, taken - 1)
          taken -= given
          release(sharedBefore - Math.max(0, taken - 1))
        },
        whenFree: (wake) => void waiting.add(wake),
      }
    },
  }
}
