import type { Logger } from 'pino'
import type { Cache } from '../cache.ts'
import type { InvalidationBus } from './invalidation-bus.ts'
import { memoryTier } from './memory-tier.ts'
import type { RedisTier } from './redis-tier.ts'

export interface CacheOptions {
  readonly entriesMax: number
  /** Tells the other processes; absent where there is only one. */
  readonly bus?: InvalidationBus
  /** The tier that processes share. */
  readonly redis?: RedisTier
  readonly log: Logger
  readonly onHit?: (tier: 'memory' | 'redis') => void
  readonly onMiss?: () => void
}

interface Load {
  readonly tags: readonly string[]
  readonly value: Promise<unknown>
  /** One of its tags was invalidated while it ran, so what it found may be out of date. */
  isOverrun: boolean
}

/**
 * Memory in front of Redis in front of `load`. A key is loaded once however many callers wait. A load that an
 * invalidation overtakes is neither kept nor shared with those who ask later: after `invalidate` returns, no caller of
 * this process gets an older value. Memory is used only while invalidations of other processes are heard.
 */
export function tieredCache(options: CacheOptions): Cache {
  const { bus, redis, log } = options
  const memory = memoryTier(options.entriesMax)
  const loads = new Map<string, Load>()

  const forgetHere = (tags: readonly string[]) => {
    memory.forget(tags)
    for (const [key, load] of loads) {
      if (!load.tags.some((tag) => tags.includes(tag))) continue
      load.isOverrun = true
      loads.delete(key)
    }
  }
  const forgetAll = () => {
    memory.clear()
    for (const load of loads.values()) load.isOverrun = true
    loads.clear()
  }
  bus?.onInvalidate(forgetHere)
  bus?.onLost(forgetAll)
  const mayKeep = (load: Load) => !load.isOverrun && (bus === undefined || bus.connected)

  const start = (key: string, ttlSeconds: number, tags: readonly string[], run: () => Promise<unknown>): Load => {
    const load: Load = { tags, isOverrun: false, value: Promise.resolve() }
    const value = (async () => {
      try {
        const found = await throughRedis(
          redis,
          options,
          { key, ttlSeconds, tags, isOverrun: () => load.isOverrun },
          run,
        )
        if (mayKeep(load)) memory.set(key, found.value, { ttlSeconds: found.ttlSeconds, tags })
        return found.value
      } finally {
        if (loads.get(key) === load) loads.delete(key)
      }
    })()
    const started = Object.assign(load, { value })
    loads.set(key, started)
    return started
  }

  return {
    async getOrLoad<T>(
      tenantId: string,
      key: string,
      { ttlSeconds, tags }: { readonly ttlSeconds: number; readonly tags: readonly string[] },
      load: () => Promise<T>,
    ): Promise<T> {
      const scopedKey = scoped(tenantId, key)
      const kept = memory.get(scopedKey)
      if (kept) {
        options.onHit?.('memory')
        // safe because: a key names one kind of value, as its callers promise by calling with one `load`.
        return kept.value as T
      }
      const scopedTags = tags.map((tag) => scoped(tenantId, tag))
      const running = loads.get(scopedKey) ?? start(scopedKey, ttlSeconds, scopedTags, load)
      // safe because: as above.
      return (await running.value) as T
    },
    async invalidate(tenantId, tags) {
      const scopedTags = tags.map((tag) => scoped(tenantId, tag))
      forgetHere(scopedTags)
      bus?.publish(scopedTags)
      await redis?.invalidate(scopedTags)
      // Between the two lines above another caller may have read the old value out of Redis into memory.
      if (redis) forgetHere(scopedTags)
      log.trace({ tenantId, tags }, 'cache tags invalidated')
    },
  }
}

interface Wanted {
  readonly key: string
  readonly ttlSeconds: number
  readonly tags: readonly string[]
  readonly isOverrun: () => boolean
}

async function throughRedis(
  redis: RedisTier | undefined,
  { onHit, onMiss }: CacheOptions,
  { key, ttlSeconds, tags, isOverrun }: Wanted,
  run: () => Promise<unknown>,
): Promise<{ value: unknown; ttlSeconds: number }> {
  const found = await redis?.read(key, tags)
  if (found?.hit) {
    onHit?.('redis')
    return { value: found.hit.value, ttlSeconds: found.hit.ttlSeconds }
  }
  onMiss?.()
  const value = await run()
  if (redis && found && !isOverrun()) await redis.write(key, value, { ttlSeconds, tagVersions: found.tagVersions })
  return { value, ttlSeconds }
}

/** No tenant can reach another's key: the length says where the tenant's id ends. */
function scoped(tenantId: string, name: string): string {
  return `${tenantId.length}:${tenantId}:${name}`
}
