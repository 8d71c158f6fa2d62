/** The concurrency slots of one queue: one of its own, and more from the pool that all queues share. */
export interface Slots {
  /** Takes up to this many slots; fewer, or none, when they are in use. */
  take(wanted: number): number
  release(count: number): void
  /** Calls `wake` once, when a shared slot becomes free. */
  whenFree(wake: () => void): void
}

/** The pool of shared slots. A queue full of long runs cannot take the own slot of another queue. */
export interface SharedSlots {
  /** The slots of one queue, at most `max`. */
  forQueue(max: number): Slots
}

export function sharedSlots(count: number): SharedSlots {
  let free = count
  const waiting = new Set<() => void>()
  const returnShared = (given: number): void => {
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
        release(given) {
          const sharedBefore = Math.max(0, taken - 1)
          taken -= given
          returnShared(sharedBefore - Math.max(0, taken - 1))
        },
        whenFree: (wake) => void waiting.add(wake),
      }
    },
  }
}
