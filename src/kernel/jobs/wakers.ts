/** Callbacks of workers that wait for work in a queue. */
export interface Wakers {
  /** Returns the function that removes it. */
  add(queue: string, wake: () => void): () => void
  wake(queue: string): void
  /** Used when notifications may have been missed. */
  wakeAll(): void
}

export function wakers(): Wakers {
  const waiting = new Map<() => void, string>()
  return {
    add(queue, wake) {
      waiting.set(wake, queue)
      return () => void waiting.delete(wake)
    },
    wake(queue) {
      for (const [wake, wanted] of waiting) if (wanted === queue) wake()
    },
    wakeAll() {
      for (const wake of waiting.keys()) wake()
    },
  }
}
