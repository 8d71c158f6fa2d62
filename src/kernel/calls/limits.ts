import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Principal, Role } from '../principal.ts'
import type { Config } from '../config/config.ts'
import { Failure } from '../failure.ts'
import { redisBreaker } from '../redis/redis-breaker.ts'
import type { BreakerHooks, RedisBreaker } from '../redis/redis-breaker.ts'
import type { LimitClass } from './route.ts'

type Limited = 'guest' | 'user' | 'manager'

/**
 * The counter that a call or request belongs to. `key`: calls with one API key. `ip`: requests without a valid
 * credential, per address. `guest`: requests to public routes, per address. `user`, `manager`: calls of one signed-in
 * person, by role. `admin`: not limited. Routes of the class strict or lenient have counters of their own.
 */
export type LimitBucket = 'key' | 'ip' | 'admin' | Limited | `strict-${Limited}` | `lenient-${Limited}`

const PERSON: Readonly<Record<Role, 'user' | 'manager' | 'admin'>> = {
  'read-only': 'user',
  member: 'user',
  manager: 'manager',
  admin: 'admin',
  owner: 'admin',
}

/**
 * The bucket of an authenticated call. API keys have one of their own, except on strict routes, where they count as a
 * user. A person without a known role counts as a user.
 */
export function bucketOf(
  { actor, role }: Pick<Principal, 'actor' | 'role'>,
  limit: LimitClass = 'default',
): LimitBucket {
  if (actor.kind !== 'user') return limit === 'strict' ? 'strict-user' : 'key'
  const person = role === undefined ? 'user' : PERSON[role]
  if (person === 'admin') return person
  return limit === 'strict' || limit === 'lenient' ? `${limit}-${person}` : person
}

/** The bucket of a request without credential to a public route. */
export function guestBucket(limit: Exclude<LimitClass, 'flood'>): LimitBucket {
  return limit === 'default' ? 'guest' : `${limit}-guest`
}

/** The rate-limit state of a caller after a call. `limit` is `Infinity` when limits are off. */
export interface RateState {
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the window ends. */
  readonly resetSeconds: number
}

/** The failure of a call over its rate limit, with the rate-limit state. */
export class OverLimit extends Failure {
  readonly rate: RateState

  constructor(message: string, rate: RateState) {
    super('rate_limited', message, { retryAfterSeconds: rate.resetSeconds })
    this.rate = rate
  }
}

export interface Limiter {
  /** Counts one call; synchronous without Redis. Throws `OverLimit` above the limit. */
  take(bucket: LimitBucket, id: string): RateState | Promise<RateState>
  /** Calls a minute; `Infinity` when limits are off. */
  limitOf(bucket: LimitBucket): number
}

export interface LimiterOptions {
  readonly settings: Config['limits']
  readonly log: Logger
  /** Shares the counters between processes. While it does not respond, each process counts alone. */
  readonly redis?: Redis
  readonly breaker?: RedisBreaker
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
  readonly rejected?: (bucket: LimitBucket) => void
}

const WINDOW_SECONDS = 60

/**
 * Counters per bucket in one process. The least recently used is evicted, so that a flood of addresses uses bounded
 * memory.
 */
const CALLERS_MAX = 100_000

const UNLIMITED: RateState = Object.freeze({ limit: Infinity, remaining: Infinity, resetSeconds: 0 })

/** The rate limiter of a process: calls per minute in each bucket, counted in fixed windows. */
export function createLimiter(options: LimiterOptions): Limiter {
  const { settings, redis, milliseconds } = options
  if (!settings.enabled) return { take: () => UNLIMITED, limitOf: () => Infinity }
  const limits = limitsOf(settings)
  const limitOf = (bucket: LimitBucket) => limits[bucket]
  const rejected = options.rejected ?? (() => undefined)
  const local = perBucket((bucket) => localWindows(bucket, limits[bucket], milliseconds, rejected))
  if (redis === undefined) return { take: (bucket, id) => local(bucket)(id), limitOf }
  const shared = perBucket((bucket) => sharedWindows(redis, bucket, limits[bucket]))
  const breaker = options.breaker ?? limitsBreaker(redis, options.log)
  return {
    limitOf,
    async take(bucket, id) {
      if (limits[bucket] === Infinity) return UNLIMITED
      try {
        const result = await breaker.attempt(() => shared(bucket).consume(id))
        // While Redis does not respond, this process counts alone.
        return result === undefined ? local(bucket)(id) : stateOf(result, limits[bucket])
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error
        rejected(bucket)
        throw tooMany(bucket, limits[bucket], error.msBeforeNext)
      }
    },
  }
}

/** The circuit breaker of the Redis connection that shares limits and quotas. */
export function limitsBreaker(redis: Redis, log: Logger, hooks: BreakerHooks = {}): RedisBreaker {
  return redisBreaker({
    redis,
    log,
    meanwhile: 'rate limits are counted per process',
    probe: () => redis.ping(),
    // Also thrown without a Redis call, for a caller already over the limit.
    isAnswer: (error) => error instanceof RateLimiterRes,
    ...hooks,
  })
}

function limitsOf(settings: Config['limits']): Readonly<Record<LimitBucket, number>> {
  return {
    key: settings.perKeyPerMinute,
    ip: settings.perIpPerMinute,
    guest: settings.guestPerMinute,
    user: settings.userPerMinute,
    manager: settings.managerPerMinute,
    admin: Infinity,
    'strict-guest': settings.strictGuestPerMinute,
    'strict-user': settings.strictUserPerMinute,
    'strict-manager': settings.strictManagerPerMinute,
    'lenient-guest': settings.lenientGuestPerMinute,
    'lenient-user': settings.lenientUserPerMinute,
    'lenient-manager': settings.lenientManagerPerMinute,
  }
}

/** Creates one counter per bucket on first use, because each allocates its memory at once. */
function perBucket<T>(make: (bucket: LimitBucket) => T): (bucket: LimitBucket) => T {
  const made = new Map<LimitBucket, T>()
  return (bucket) => {
    const known = made.get(bucket)
    if (known !== undefined) return known
    const one = make(bucket)
    made.set(bucket, one)
    return one
  }
}

interface Window {
  endsAt: number
  count: number
}

/** Counts in this process. Not rate-limiter-flexible, which always returns a promise and keeps a timer per caller. */
function localWindows(
  bucket: LimitBucket,
  limit: number,
  milliseconds: () => number,
  rejected: (bucket: LimitBucket) => void,
): (id: string) => RateState {
  if (limit === Infinity) return () => UNLIMITED
  const windows = new LRUCache<string, Window>({ max: CALLERS_MAX })
  return (id) => {
    const now = milliseconds()
    let window = windows.get(id)
    if (window === undefined || now >= window.endsAt) {
      window = { endsAt: now + WINDOW_SECONDS * 1000, count: 0 }
      windows.set(id, window)
    }
    window.count += 1
    if (window.count > limit) {
      rejected(bucket)
      throw tooMany(bucket, limit, window.endsAt - now)
    }
    return { limit, remaining: limit - window.count, resetSeconds: Math.ceil((window.endsAt - now) / 1000) }
  }
}

function sharedWindows(redis: Redis, bucket: LimitBucket, limit: number): RateLimiterRedis {
  return new RateLimiterRedis({
    storeClient: redis,
    rejectIfRedisNotReady: true,
    keyPrefix: `plimsoll:limit:${bucket}`,
    points: limit,
    duration: WINDOW_SECONDS,
    // A caller over the limit is refused in this process until the window ends, without a Redis call.
    inMemoryBlockOnConsumed: limit + 1,
  })
}

function stateOf(result: RateLimiterRes, limit: number): RateState {
  return { limit, remaining: result.remainingPoints, resetSeconds: Math.ceil(result.msBeforeNext / 1000) }
}

function tooMany(bucket: LimitBucket, limit: number, millisecondsLeft: number): OverLimit {
  const retryAfterSeconds = Math.max(1, Math.ceil(millisecondsLeft / 1000))
  return new OverLimit(
    `More than ${limit} calls a minute ${whose(bucket)}. Try again in ${retryAfterSeconds} seconds.`,
    {
      limit,
      remaining: 0,
      resetSeconds: retryAfterSeconds,
    },
  )
}

function whose(bucket: LimitBucket): string {
  if (bucket === 'key') return 'with this key'
  if (bucket === 'ip') return 'from this address without a valid key'
  return bucket.endsWith('guest') ? 'from this address to this' : 'of this caller'
}
