import type { Logger } from 'pino'
import type { Cache, CacheEntryOptions } from '../cache.ts'
import type { InvalidationBus } from './invalidation-bus.ts'
import { openLoads } from './loads.ts'
import { memoryTier } from './memory-tier.ts'
import type { RedisTier } from './redis-tier.ts'

export interface CacheOptions {
  readonly entriesMax: number
  /** Sends invalidations to the other processes; absent where there is only one. */
  readonly bus?: InvalidationBus
  readonly redis?: RedisTier
  readonly log: Logger
  readonly onHit?: (name: string, tier: 'memory' | 'redis') => void
  readonly onMiss?: (name: string) => void
}

/**
 * A cache in memory, then Redis, then `load`. A key is loaded once for all waiting callers. A load that an invalidation
 * overtakes is neither stored nor shared with later callers, so after `invalidate` returns no caller of this process
 * gets an older value. Memory is used only while invalidations of other processes are received.
 */
export function tieredCache(options: CacheOptions): Cache {
  const { bus, redis, log } = options
  const memory = memoryTier(options.entriesMax)
  const loads = openLoads()

  const forgetHere = (tags: readonly string[]) => {
    memory.forget(tags)
    loads.invalidate(tags)
  }
  bus?.onInvalidate(forgetHere)
  bus?.onLost(() => {
    memory.clear()
    loads.invalidateAll()
  })
  const mayKeep = () => bus === undefined || bus.connected

  return {
    async getOrLoad<T>(
      tenantId: string,
      tenantKey: string,
      { name, ttlSeconds, tags: names }: CacheEntryOptions,
      load: () => Promise<T>,
    ): Promise<T> {
      const key = scoped(tenantId, tenantKey)
      const kept = memory.get(key)
      if (kept) {
        options.onHit?.(name, 'memory')
        // safe because: a key names one kind of value, as its callers promise by calling with one `load`.
        return kept.value as T
      }
      const tags = names.map((tag) => scoped(tenantId, tag))
      const value = loads.join(key, tags, async (isInvalidated) => {
        const found = await throughRedis(redis, options, { name, key, ttlSeconds, tags, isInvalidated }, load)
        if (!isInvalidated() && mayKeep()) memory.set(key, found.value, { ttlSeconds: found.ttlSeconds, tags })
        return found.value
      })
      // safe because: as above.
      return (await value) as T
    },
    async invalidate(tenantId, names) {
      const tags = names.map((tag) => scoped(tenantId, tag))
      forgetHere(tags)
      bus?.publish(tags)
      await redis?.invalidate(tags)
      // Between the two lines above another caller may have copied the old value from Redis into memory.
      if (redis) forgetHere(tags)
      log.trace({ tenantId, tags: names }, 'cache tags invalidated')
    },
  }
}

interface Wanted {
  readonly name: string
  readonly key: string
  readonly ttlSeconds: number
  readonly tags: readonly string[]
  readonly isInvalidated: () => boolean
}

async function throughRedis(
  redis: RedisTier | undefined,
  { onHit, onMiss }: CacheOptions,
  { name, key, ttlSeconds, tags, isInvalidated }: Wanted,
  run: () => Promise<unknown>,
): Promise<{ value: unknown; ttlSeconds: number }> {
  const found = await redis?.read(key, tags)
  if (found?.hit) {
    onHit?.(name, 'redis')
    return { value: found.hit.value, ttlSeconds: found.hit.ttlSeconds }
  }
  onMiss?.(name)
  const value = await run()
  if (redis && found && !isInvalidated()) await redis.write(key, value, { ttlSeconds, tagVersions: found.tagVersions })
  return { value, ttlSeconds }
}

/** A key with its tenant. The length marks where the tenant id ends, so that no tenant can reach another's key. */
function scoped(tenantId: string, name: string): string {
  return `${tenantId.length}:${tenantId}:${name}`
}
