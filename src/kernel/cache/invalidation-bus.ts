import type { Logger } from 'pino'
import { z } from 'zod'
import type { Db } from '../database/db.ts'
import { autocommit } from '../database/transact.ts'
import type { Signals } from '../database/signals.ts'

/** Publishes invalidated cache tags to the other processes. */
export interface InvalidationBus {
  /** False while invalidations of other processes may be missed. */
  readonly connected: boolean
  /** Sends within moments; never throws. */
  publish(tags: readonly string[]): void
  onInvalidate(forget: (tags: readonly string[]) => void): void
  onLost(act: () => void): void
}

const CHANNEL = 'kernel.cache-invalidated'
const GATHER_MILLISECONDS = 5
// PostgreSQL refuses a payload of 8,000 bytes.
const PAYLOAD_BYTES_MAX = 7900

const Invalidation = z.union([z.array(z.string()), z.literal('all')])

/** Parses a message: the tags to invalidate, or `all` when they did not fit. An unreadable message counts as `all`. */
export function readInvalidation(payload: string): z.output<typeof Invalidation> {
  try {
    return Invalidation.parse(JSON.parse(payload))
  } catch {
    return 'all'
  }
}

/**
 * An invalidation bus over PostgreSQL notifications, for installations without Redis. Tags of 5 ms are sent together.
 */
export function signalsBus(signals: Signals, db: Db, log: Logger): InvalidationBus {
  let gathered = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const lostActs: (() => void)[] = []

  const flush = () => {
    timer = undefined
    const tags = [...gathered]
    gathered = new Set()
    for (const payload of payloads(tags)) {
      signals.publish(autocommit({ db }).db, CHANNEL, payload).catch((error: unknown) => {
        log.warn({ err: error }, 'a cache invalidation could not be sent to other processes')
      })
    }
  }
  signals.onLost(() => {
    for (const act of lostActs) act()
  })
  return {
    get connected() {
      return signals.connected
    },
    publish(tags) {
      for (const tag of tags) gathered.add(tag)
      timer ??= setTimeout(flush, GATHER_MILLISECONDS)
    },
    onInvalidate(forget) {
      signals.subscribe(CHANNEL, (payload) => {
        const message = readInvalidation(payload)
        if (message !== 'all') return forget(message)
        for (const act of lostActs) act()
      })
    },
    onLost: (act) => void lostActs.push(act),
  }
}

function payloads(tags: readonly string[]): string[] {
  const messages: string[] = []
  let batch: string[] = []
  let bytes = 2
  for (const tag of tags) {
    const size = Buffer.byteLength(JSON.stringify(tag)) + 1
    if (size > PAYLOAD_BYTES_MAX) return [JSON.stringify('all')]
    if (bytes + size > PAYLOAD_BYTES_MAX) {
      messages.push(JSON.stringify(batch))
      batch = []
      bytes = 2
    }
    batch.push(tag)
    bytes += size
  }
  if (batch.length > 0) messages.push(JSON.stringify(batch))
  return messages
}
