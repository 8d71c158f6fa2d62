import type { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** `closed`: Redis is used. `open`: it is skipped. `half-open`: a probe is running. */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** A circuit breaker for one Redis connection: when Redis hangs, only the first few calls wait for its timeout. */
export interface RedisBreaker {
  /**
   * Runs `work`. Resolves with undefined when it fails, and immediately while the connection is down or the breaker
   * open. Throws only errors that `isAnswer` accepts.
   */
  attempt<T>(work: () => Promise<T>): Promise<T | undefined>
}

/** The Redis shared by processes, with its circuit breaker. */
export interface SharedRedis {
  readonly redis: Redis
  readonly breaker: RedisBreaker
}

export interface BreakerHooks {
  readonly changed?: (state: BreakerState) => void
  /** Time between two probes while the breaker is open. */
  readonly pauseMilliseconds?: number
}

export interface RedisBreakerOptions extends BreakerHooks {
  readonly redis: Redis
  readonly log: Logger
  /** What happens without Redis, for the log: `rate limits are counted per process`. */
  readonly meanwhile: string
  /** Checks whether Redis responds again. No caller waits for it. */
  readonly probe: () => Promise<unknown>
  /** Whether an error is a valid result: it is rethrown and does not count as a failure. */
  readonly isAnswer?: (error: unknown) => boolean
}

/** Consecutive failures that open the breaker; a single slow response does not. */
const FAILURES_MAX = 3
const PAUSE_MILLISECONDS = 5000

/**
 * Opens after three consecutive failures, probes every five seconds, and closes at the first response or reconnection.
 */
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
    timer = setTimeout(() => void runProbe(), pauseMilliseconds).unref()
  }
  const close = () => {
    failures = 0
    clearTimeout(timer)
    if (state === 'closed') return
    become('closed')
    log.info('Redis responds again')
  }
  const runProbe = async () => {
    become('half-open')
    const answered = await probe().then(
      () => true,
      () => false,
    )
    // The connection may have been restored or closed meanwhile.
    if (state !== 'half-open' || redis.status === 'end') return
    if (answered) close()
    else open()
  }
  // A connection is ready once Redis has responded on it.
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
        log.debug({ err: error }, 'a Redis command failed')
        if (failures >= FAILURES_MAX && state === 'closed') {
          log.warn({ err: error }, `Redis does not respond: ${meanwhile}`)
          open()
        }
        return undefined
      }
    },
  }
}
