import type { Logger } from 'pino'

/** Work that continues after the caller was answered, such as settling an account. A shutdown waits for it briefly. */
export interface TrailingWork {
  add(work: Promise<unknown> | undefined): void
  /** Resolves once no work is left or the time has passed. */
  drain(milliseconds: number): Promise<void>
}

export function trailingWork(log: Logger): TrailingWork {
  const running = new Set<Promise<unknown>>()
  return {
    add(work) {
      if (work === undefined) return
      const one = work
        .catch((error: unknown) => log.error({ err: error }, 'work failed after its caller was answered'))
        .finally(() => running.delete(one))
      running.add(one)
    },
    async drain(milliseconds) {
      if (running.size === 0) return
      const over = Promise.withResolvers<void>()
      const timer = setTimeout(over.resolve, milliseconds)
      await Promise.race([Promise.all(running), over.promise])
      clearTimeout(timer)
    },
  }
}
