import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { outageLog } from './limits.ts'
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
  /** Milliseconds since any fixed point. */
  readonly milliseconds: () => number
  readonly rejected?: (bucket: 'tokens' | 'slots') => void
  /** After so long the slots of a process that died are free. Default: 60. */
  readonly leaseSeconds?: number
}

export function createQuotas({ rejected = () => undefined, leaseSeconds = 60, ...options }: QuotaOptions): Quotas {
  const outage = outageLog(options.log)
  return {
    tokens: tokenBudgets({ ...options, outage, rejected: () => rejected('tokens') }),
    slots: openSlots({ ...options, leaseSeconds, outage, rejected: () => rejected('slots') }),
  }
}
