import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { RedisBreaker } from '../redis/redis-breaker.ts'
import { limitsBreaker } from './limits.ts'
import { openSlots } from './slots.ts'
import type { Slots } from './slots.ts'
import { tokenBudgets } from './token-budgets.ts'
import type { TokenBudgets } from './token-budgets.ts'

/** Limits beyond calls a minute: tokens a minute, and things at once. */
export interface Quotas {
  readonly tokens: TokenBudgets
  readonly slots: Slots
}

export interface QuotaOptions {
  /** False lets everything through. */
  readonly enabled: boolean
  readonly log: Logger
  /** Shares the counts between processes. While it does not answer, each process counts for itself. */
  readonly redis?: Redis
  /** The breaker of that connection. Default: one of its own. */
  readonly breaker?: RedisBreaker
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
  readonly rejected?: (bucket: 'tokens' | 'slots') => void
  /** After so long the slots of a process that died are free. Default: 60. */
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
