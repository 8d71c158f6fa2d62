import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Sealer } from './seal.ts'

/** Seals every so many seconds until it is stopped. */
export interface Sealing {
  /** How long ago everything was sealed that had been committed by then. 0 before the first pass. */
  ageSeconds(): number
  start(): { stop(): Promise<void> }
}

export function sealing(
  sealer: Sealer,
  { seconds, clock, log }: { readonly seconds: number; readonly clock: Clock; readonly log: Logger },
): Sealing {
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
