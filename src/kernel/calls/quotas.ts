import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisBreaker } from '../redis/redis-breaker.ts'
import { limitsBreaker } from './limits.ts'
import { openSlots } from './slots.ts'
import type { Slots } from './slots.ts'
import { tokenBudgets } from './token-budgets.ts'
import type { TokenBudgets } from './token-budgets.ts'

/** Limits beyond calls per minute: token budgets and concurrency limits. */
export interface Quotas {
  readonly tokens: TokenBudgets
  readonly slots: Slots
}

export interface QuotaOptions {
  /** False: nothing is limited. */
  readonly enabled: boolean
  readonly log: Logger
  /** Shares the counters between processes. While it does not respond, each process counts alone. */
  readonly redis?: Redis
  /** The circuit breaker of that connection. Default: a new one. */
  readonly breaker?: RedisBreaker
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
  readonly rejected?: (bucket: 'tokens' | 'slots') => void
  /** Seconds after which the slots of a crashed process are free again. Default: 60. */
  readonly leaseSeconds?: number
}

export function createQuotas({ rejected = () => undefined, leaseSeconds = 60, ...options }: QuotaOptions): Quotas {
  const { enabled, milliseconds, redis, log } = options
  const shared = redis && { redis, breaker: options.breaker ?? limitsBreaker(redis, log) }
  return {
    tokens: tokenBudgets({ enabled, milliseconds, shared, rejected: () => rejected('tokens') }),
    slots: openSlots({ enabled, leaseSeconds, shared, rejected: () => rejected('slots') }),
  }
}
