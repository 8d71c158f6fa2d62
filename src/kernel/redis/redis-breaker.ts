import type { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** `closed`: Redis is asked. `open`: it is not. `half-open`: one question of our own is under way. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** A circuit breaker for one connection to Redis: a Redis that hangs costs the first few calls their time-out, no more. */
export interface RedisBreaker {
  /**
   * What `work` answers; undefined when it fails, and at once, without a try, while the connection is away or the
   * breaker open. Throws only what `isAnswer` accepts.
   */
  attempt<T>(work: () => Promise<T>): Promise<T | undefined>
}

/** A connection that processes share, and the breaker that does without it. */
export interface SharedRedis {
  readonly redis: Redis
  readonly breaker: RedisBreaker
}

export interface BreakerHooks {
  readonly changed?: (state: BreakerState) => void
  /** How long Redis is left alone before it is asked again. */
  readonly pauseMilliseconds?: number
}

export interface RedisBreakerOptions extends BreakerHooks {
  readonly redis: Redis
  readonly log: Logger
  /** What is done without Redis, for the log: `rate limits are counted per process`. */
  readonly meanwhile: string
  /** Asks Redis whether it answers again. No caller waits for it. */
  readonly probe: () => Promise<unknown>
  /** An error that Redis did not cause: it is thrown on, and says nothing of Redis. */
  readonly isAnswer?: (error: unknown) => boolean
}

/** Failures in a row that open it. A single slow answer is no outage. */
const FAILURES_MAX = 3
const PAUSE_MILLISECONDS = 5000

/** Opens after three failures in a row, asks again every five seconds, and closes with the first answer or reconnection. */
export function redisBreaker(options: RedisBreakerOptions): RedisBreaker {
  const { redis, log, meanwhile, probe, isAnswer, changed, pauseMilliseconds = PAUSE_MILLISECONDS } = options
  let state: BreakerState = 'closed'
  let failures = 0
  let timer: NodeJS.Timeout | undefined

  const become = (next: BreakerState) => {
    state = next
    changed?.(next)
  }
  const open = () => {
    become('open')
    timer = setTimeout(() => void ask(), pauseMilliseconds).unref()
  }
  const close = () => {
    failures = 0
    clearTimeout(timer)
    if (state === 'closed') return
    become('closed')
    log.info('Redis answers again')
  }
  const ask = async () => {
    become('half-open')
    const answered = await probe().then(
      () => true,
      () => false,
    )
    // Redis may have been reconnected to meanwhile, or been closed by us.
    if (state !== 'half-open' || redis.status === 'end') return
    if (answered) close()
    else open()
  }
  // A connection is ready once Redis has answered on it.
  redis.on('ready', close)
  redis.on('end', () => clearTimeout(timer))

  return {
    async attempt(work) {
      if (state !== 'closed' || redis.status !== 'ready') return undefined
      try {
        const answer = await work()
        failures = 0
        return answer
      } catch (error) {
        if (isAnswer?.(error)) throw error
        failures += 1
        log.debug({ err: error }, 'Redis did not do what it was asked')
        if (failures >= FAILURES_MAX && state === 'closed') {
          log.warn({ err: error }, `Redis does not answer: ${meanwhile}`)
          open()
        }
        return undefined
      }
    },
  }
}
