import type { Logger } from 'pino'
import type { Cache } from '../cache.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/config.ts'
import type { Database } from '../database/pool.ts'
import type { Signals } from '../database/signals.ts'
import { openRedis } from '../redis/redis.ts'
import type { RedisUrl } from '../redis/redis.ts'
import type { BreakerHooks } from '../redis/redis-breaker.ts'
import { signalsBus } from './invalidation-bus.ts'
import { redisBus } from './redis-bus.ts'
import { redisTier } from './redis-tier.ts'
import { tieredCache } from './tiered-cache.ts'

export interface OpenCacheOptions {
  readonly settings: Config['cache']
  /** Overrides the URL of the settings; a function, because the password may change. */
  readonly redisUrl?: RedisUrl
  readonly signals: Signals
  readonly database: Pick<Database, 'system'>
  readonly clock: Clock
  readonly log: Logger
  readonly onHit?: (name: string, tier: 'memory' | 'redis') => void
  readonly onMiss?: (name: string) => void
  readonly breaker?: BreakerHooks
}

/** A slower Redis response costs more than the cache saves. */
const REDIS_MILLISECONDS_MAX = 100

/**
 * Opens the cache of one process. With Redis, values are shared and invalidations are sent through it. Without, values
 * stay in the process and invalidations are sent through the database.
 */
export function openCache(options: OpenCacheOptions): { readonly cache: Cache; close(): void } {
  const { settings, signals, database, clock, log, onHit, onMiss } = options
  const counters = { ...(onHit ? { onHit } : {}), ...(onMiss ? { onMiss } : {}) }
  const base = { entriesMax: settings.entriesMax, log, ...counters }
  if (settings.redisUrl === undefined) {
    return { cache: tieredCache({ ...base, bus: signalsBus(signals, database.system, log) }), close: () => undefined }
  }
  const redis = openRedis(options.redisUrl ?? settings.redisUrl, log, REDIS_MILLISECONDS_MAX)
  const bus = redisBus(redis, log)
  return {
    cache: tieredCache({
      ...base,
      bus,
      redis: redisTier({
        redis,
        log,
        now: () => clock().getTime(),
        ...(options.breaker && { breaker: options.breaker }),
      }),
    }),
    close() {
      bus.close()
      redis.disconnect()
    },
  }
}
