import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Sealer } from './seal.ts'

/** A loop that seals the events of all tenants at an interval. */
export interface SealingLoop {
  /** Seconds since the start of the last pass that succeeded, or since the start of the loop. 0 before `start`. */
  ageSeconds(): number
  start(): { stop(): Promise<void> }
}

export function sealingLoop(
  sealer: Sealer,
  { seconds, clock, log }: { readonly seconds: number; readonly clock: Clock; readonly log: Logger },
): SealingLoop {
  let sealedUntil: Date | undefined
  return {
    ageSeconds: () => (sealedUntil === undefined ? 0 : Math.max(0, (clock().getTime() - sealedUntil.getTime()) / 1000)),
    start() {
      let timer: NodeJS.Timeout | undefined
      const stopping = new AbortController()
      let pass: Promise<void> = Promise.resolve()
      const once = async (): Promise<void> => {
        const startedAt = clock()
        try {
          await sealer.sealAll(stopping.signal)
          if (!stopping.signal.aborted) sealedUntil = startedAt
        } catch (error) {
          log.warn({ err: error }, 'audit events could not be sealed; trying again')
        }
      }
      const next = (): void => {
        if (stopping.signal.aborted) return
        timer = setTimeout(() => {
          pass = (async () => {
            await once()
            next()
          })()
        }, seconds * 1000)
        timer.unref()
      }
      sealedUntil = clock()
      next()
      return {
        async stop() {
          stopping.abort()
          clearTimeout(timer)
          await pass
        },
      }
    },
  }
}
