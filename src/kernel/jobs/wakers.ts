/** Who is called when there is work in a queue. */
export interface Wakers {
  /** Returns how to end it. */
  add(queue: string, wake: () => void): () => void
  wake(queue: string): void
  /** For when announcements may have been missed. */
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
