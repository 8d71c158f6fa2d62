import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from './config/config.ts'
import { Failure } from './failure.ts'

/** `key`: calls of one API key. `ip`: requests of one address that came without a valid key. */
export type LimitBucket = 'key' | 'ip'

/** Where a caller stands after this call. `limit` is `Infinity` when limits are off. */
export interface RateState {
  readonly limit: number
  readonly remaining: number
  /** Whole seconds until the count starts anew. */
  readonly resetSeconds: number
}

/** The refusal of a call over its limit, with where the caller stands. */
export class OverLimit extends Failure {
  readonly rate: RateState

  constructor(message: string, rate: RateState) {
    super('rate_limited', message, { retryAfterSeconds: rate.resetSeconds })
    this.rate = rate
  }
}

export interface Limiter {
  /** Counts one call; synchronous without Redis. Throws `Failure('rate_limited')` when it is one too many. */
  take(bucket: LimitBucket, id: string): RateState | Promise<RateState>
  /** Calls a minute; `Infinity` when limits are off. */
  limitOf(bucket: LimitBucket): number
}

export interface LimiterOptions {
  readonly settings: Config['limits']
  readonly log: Logger
  /** Shares the counts between processes. While it does not answer, each process counts for itself. */
  readonly redis?: Redis
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
  readonly rejected?: (bucket: LimitBucket) => void
}

const WINDOW_SECONDS = 60

/** Callers one process remembers; the least recently seen is forgotten first, so a flood of addresses is bounded. */
const CALLERS_MAX = 100_000

const UNLIMITED: RateState = Object.freeze({ limit: Infinity, remaining: Infinity, resetSeconds: 0 })

/** The limits of a process: so many calls a minute per key, so many per address, counted in fixed windows. */
export function createLimiter(options: LimiterOptions): Limiter {
  const { settings, redis, milliseconds } = options
  if (!settings.enabled) return { take: () => UNLIMITED, limitOf: () => Infinity }
  const limits = { key: settings.perKeyPerMinute, ip: settings.perIpPerMinute }
  const limitOf = (bucket: LimitBucket) => limits[bucket]
  const rejected = options.rejected ?? (() => undefined)
  const local = {
    key: localWindows('key', limits.key, milliseconds, rejected),
    ip: localWindows('ip', limits.ip, milliseconds, rejected),
  }
  if (redis === undefined) return { take: (bucket, id) => local[bucket](id), limitOf }
  const shared = { key: sharedWindows(redis, 'key', limits.key), ip: sharedWindows(redis, 'ip', limits.ip) }
  const outage = outageLog(options.log)
  return {
    limitOf,
    async take(bucket, id) {
      try {
        const state = stateOf(await shared[bucket].consume(id), limits[bucket])
        outage.over()
        return state
      } catch (error) {
        if (error instanceof RateLimiterRes) {
          rejected(bucket)
          throw tooMany(bucket, limits[bucket], error.msBeforeNext)
        }
        // Safe because the same limit is kept in this process until Redis answers again.
        outage.began(error)
        return local[bucket](id)
      }
    },
  }
}

interface Window {
  endsAt: number
  count: number
}

/** Counts in this process. rate-limiter-flexible can only answer with a promise, and keeps a timer for every caller. */
function localWindows(
  bucket: LimitBucket,
  limit: number,
  milliseconds: () => number,
  rejected: (bucket: LimitBucket) => void,
): (id: string) => RateState {
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
    // A caller over the limit is refused here until the window ends, without asking Redis again.
    inMemoryBlockOnConsumed: limit + 1,
  })
}

function stateOf(result: RateLimiterRes, limit: number): RateState {
  return { limit, remaining: result.remainingPoints, resetSeconds: Math.ceil(result.msBeforeNext / 1000) }
}

function tooMany(bucket: LimitBucket, limit: number, millisecondsLeft: number): OverLimit {
  const retryAfterSeconds = Math.max(1, Math.ceil(millisecondsLeft / 1000))
  const who = bucket === 'key' ? 'with this key' : 'from this address without a valid key'
  return new OverLimit(`More than ${limit} calls a minute ${who}. Try again in ${retryAfterSeconds} seconds.`, {
    limit,
    remaining: 0,
    resetSeconds: retryAfterSeconds,
  })
}

/** One line when Redis stops answering and one when it is back, however many calls there are between. */
function outageLog(log: Logger) {
  let isOut = false
  return {
    began(error: unknown) {
      if (!isOut) log.error({ err: error }, 'Redis does not answer: rate limits are counted per process')
      isOut = true
    },
    over() {
      if (isOut) log.info('Redis answers again: rate limits are shared')
      isOut = false
    },
  }
}
