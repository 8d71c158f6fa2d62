import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { z } from 'zod'
import { redisBreaker } from '../redis/redis-breaker.ts'
import type { BreakerHooks } from '../redis/redis-breaker.ts'

/** The shared tier of the cache, in Redis. It never throws: when Redis is slow, down or fails, it behaves as empty. */
export interface RedisTier {
  /** Resolves with undefined when Redis did not respond. Tag versions are those before the value is loaded. */
  read(
    key: string,
    tags: readonly string[],
  ): Promise<{ hit: { value: unknown; ttlSeconds: number } | undefined; tagVersions: TagVersions } | undefined>
  write(key: string, value: unknown, options: { ttlSeconds: number; tagVersions: TagVersions }): Promise<void>
  invalidate(tags: readonly string[]): Promise<void>
}

/** A value is valid while each of its tags has the version it had before the value was loaded. */
export type TagVersions = Readonly<Record<string, string>>

const Stored = z.object({
  value: z.unknown(),
  tags: z.record(z.string(), z.string()),
  expiresAt: z.number(),
})

const TAG_SECONDS = 7 * 24 * 3600
// A value must expire before the tag version that invalidates it.
const TTL_SECONDS_MAX = TAG_SECONDS / 2

export interface RedisTierOptions {
  readonly redis: Redis
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly breaker?: BreakerHooks
}

/** While Redis does not respond, a circuit breaker skips it, so that it does not slow every call. */
export function redisTier({ redis, log, now, breaker: hooks }: RedisTierOptions): RedisTier {
  // Tags whose invalidation has not reached Redis yet. Until it has, values in Redis must not be used.
  const pending = new Map<string, string>()

  const sendPending = async () => {
    if (pending.size === 0) return
    const sending = [...pending]
    const pipeline = redis.pipeline()
    for (const [tag, version] of sending) pipeline.set(tagKey(tag), version, 'EX', TAG_SECONDS)
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
    // A tag invalidated again meanwhile stays pending.
    for (const [tag, version] of sending) if (pending.get(tag) === version) pending.delete(tag)
  }
  const breaker = redisBreaker({
    redis,
    log,
    meanwhile: 'the cache works without it',
    // Other processes may already read from Redis again, so pending invalidations are sent first.
    probe: async () => {
      await sendPending()
      await redis.ping()
    },
    ...hooks,
  })

  return {
    read: (key, tags) =>
      breaker.attempt(async () => {
        await sendPending()
        const [text, ...versions] = await redis.mget(valueKey(key), ...tags.map(tagKey))
        const tagVersions = Object.fromEntries(tags.map((tag, index) => [tag, versions[index] ?? '']))
        return { hit: decode(text ?? null, tagVersions, now()), tagVersions }
      }),
    write: async (key, value, { ttlSeconds, tagVersions }) => {
      const seconds = Math.min(ttlSeconds, TTL_SECONDS_MAX)
      const text = JSON.stringify({ value, tags: tagVersions, expiresAt: now() + seconds * 1000 })
      await breaker.attempt(() => redis.set(valueKey(key), text, 'PX', Math.max(1, Math.round(seconds * 1000))))
    },
    invalidate: async (tags) => {
      for (const tag of tags) pending.set(tag, randomUUID())
      await breaker.attempt(sendPending)
    },
  }
}

function decode(text: string | null, current: TagVersions, now: number) {
  if (text === null) return undefined
  const parsed = Stored.safeParse(parseJson(text))
  if (!parsed.success) return undefined
  const { value, tags, expiresAt } = parsed.data
  const isValid = Object.entries(current).every(([tag, version]) => tags[tag] === version)
  const ttlSeconds = (expiresAt - now) / 1000
  return isValid && ttlSeconds > 0 ? { value, ttlSeconds } : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The key was written by another program.
    return undefined
  }
}

const valueKey = (key: string) => `plimsoll:value:${key}`
const tagKey = (tag: string) => `plimsoll:tag:${tag}`
