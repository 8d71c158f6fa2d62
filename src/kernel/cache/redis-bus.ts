import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { duplicateRedis } from '../redis/redis.ts'
import { type InvalidationBus, readInvalidation } from './invalidation-bus.ts'

const CHANNEL = 'plimsoll:cache-invalidated'
const SUBSCRIBE_MILLISECONDS_MAX = 2000

/** An invalidation bus over Redis. Opens a second connection, because a subscribed one cannot run other commands. */
export function redisBus(redis: Redis, log: Logger): InvalidationBus & { close(): void } {
  // Subscribes itself after each reconnection: ioredis does it without handling a failure, which would end the process.
  const listener = duplicateRedis(redis, { commandTimeout: SUBSCRIBE_MILLISECONDS_MAX, autoResubscribe: false })
  const forgetters: ((tags: readonly string[]) => void)[] = []
  const lostActs: (() => void)[] = []
  let connected = false

  const lose = () => {
    if (!connected) return
    connected = false
    for (const act of lostActs) act()
  }
  const subscribe = () => {
    listener.subscribe(CHANNEL).then(
      () => {
        connected = true
      },
      (error: unknown) => {
        log.warn({ err: error }, 'cache invalidations of other processes are not received')
        listener.disconnect(true)
      },
    )
  }
  listener.on('ready', subscribe)
  listener.on('close', lose)
  listener.on('error', () => {
    // Reported by the connection it was duplicated from.
  })
  listener.on('message', (_channel: string, payload: string) => {
    const message = readInvalidation(payload)
    if (message === 'all') for (const act of lostActs) act()
    else for (const forget of forgetters) forget(message)
  })

  return {
    get connected() {
      return connected
    },
    publish(tags) {
      redis.publish(CHANNEL, JSON.stringify(tags)).catch((error: unknown) => {
        log.debug({ err: error }, 'a cache invalidation could not be sent to other processes')
      })
    },
    onInvalidate: (forget) => void forgetters.push(forget),
    onLost: (act) => void lostActs.push(act),
    close: () => listener.disconnect(),
  }
}
