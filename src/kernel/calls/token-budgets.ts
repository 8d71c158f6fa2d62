import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { Failure } from '../failure.ts'
import { OverLimit } from './limits.ts'
import type { RateState } from './limits.ts'
import type { SharedRedis } from '../redis/redis-breaker.ts'
import { NOW, redisScript } from './redis-script.ts'

/** A token limit: the tokens that `of` may use per minute; `Infinity` for no limit. */
export interface TokenLimit {
  /** The budget's name: `key:key_01…`, `tenant:ten_01…`. */
  readonly of: string
  readonly perMinute: number
}

/** Tokens reserved for one request. */
export interface TokenHold {
  /** The state of the limit with the fewest tokens left. */
  readonly rate: RateState
  /** Corrects the budgets from the estimate to the tokens used. Only the first call counts; never rejects. */
  settle(used: number): Promise<void>
}

/**
 * Token budgets (token buckets): each holds one minute's tokens and refills evenly. A request takes its estimate from
 * all its budgets or from none.
 */
export interface TokenBudgets {
  /**
   * Reserves the estimate. Throws `OverLimit` when a budget has fewer tokens left, with the time until it has enough,
   * and `Failure('too_large')` for an estimate above a whole minute's tokens.
   */
  take(limits: readonly TokenLimit[], estimate: number): Promise<TokenHold>
}

export interface TokenBudgetOptions {
  readonly enabled: boolean
  readonly shared: SharedRedis | undefined
  readonly milliseconds: () => number
  readonly rejected: () => void
}

/** Adds `amount` to the budgets of these limits, unless one would fall below `least`. */
type Move = (limits: readonly TokenLimit[], amount: number, least: number) => Moved | Promise<Moved>

/** The same in Redis; undefined when Redis did not respond. */
type SharedMove = (...step: Parameters<Move>) => Promise<Moved | undefined>

interface Moved {
  readonly done: boolean
  /** Tokens left under each limit, after the move if it was done. */
  readonly left: readonly number[]
}

const MINUTE = 60_000
const BUDGETS_MAX = 100_000

export function tokenBudgets(options: TokenBudgetOptions): TokenBudgets {
  const { enabled, shared: redis, rejected } = options
  const local = localMove(options.milliseconds)
  const shared = redis && sharedMove(redis)
  const move = async (...step: Parameters<Move>): Promise<{ moved: Moved; by: Move | SharedMove }> => {
    const moved = await shared?.(...step)
    // While Redis does not respond, this process counts alone.
    return moved === undefined ? { moved: await local(...step), by: local } : { moved, by: shared ?? local }
  }
  return {
    async take(all, estimate) {
      const limits = all.filter(({ perMinute }) => enabled && perMinute !== Infinity)
      if (limits.length === 0) return { rate: UNLIMITED, settle: async () => undefined }
      for (const { perMinute } of limits) if (estimate > perMinute) throw tooLarge(estimate, perMinute)
      const { moved, by } = await move(limits, -estimate, 0)
      if (!moved.done) {
        rejected()
        throw overLimit(limits, moved.left, estimate)
      }
      let isSettled = false
      return {
        rate: tightest(limits, moved.left),
        async settle(used) {
          if (isSettled) return
          isSettled = true
          // If Redis no longer responds nothing is corrected: the budget refills by itself.
          await by(limits, estimate - used, -Infinity)
        },
      }
    },
  }
}

const UNLIMITED: RateState = Object.freeze({ limit: Infinity, remaining: Infinity, resetSeconds: 0 })

interface Budget {
  left: number
  at: number
}

function localMove(milliseconds: () => number): Move {
  const budgets = new LRUCache<string, Budget>({ max: BUDGETS_MAX })
  return (limits, amount, least) => {
    const now = milliseconds()
    const before = limits.map(({ of, perMinute }) => {
      const { left, at } = budgets.get(of) ?? { left: perMinute, at: now }
      return Math.min(perMinute, left + ((now - at) * perMinute) / MINUTE)
    })
    const after = limits.map(({ perMinute }, index) => Math.min(perMinute, (before[index] ?? 0) + amount))
    if (after.some((left) => left < least)) return { done: false, left: before }
    limits.forEach(({ of }, index) => budgets.set(of, { left: after[index] ?? 0, at: now }))
    return { done: true, left: after }
  }
}

/** As `localMove`, in Redis. A full budget expires. */
const MOVE = redisScript(`${NOW}
local amount, least = tonumber(ARGV[1]), tonumber(ARGV[2])
local before, after, done = {}, {}, 1
for i, key in ipairs(KEYS) do
  local limit = tonumber(ARGV[i + 2])
  local kept = redis.call('HMGET', key, 'left', 'at')
  local left = limit
  if kept[1] then
    left = math.min(limit, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * limit / ${MINUTE})
  end
  before[i] = string.format('%.6f', left)
  after[i] = math.min(limit, left + amount)
  if after[i] < least then done = 0 end
end
if done == 0 then return { 0, before } end
for i, key in ipairs(KEYS) do
  local limit = tonumber(ARGV[i + 2])
  local missing = limit - after[i]
  after[i] = string.format('%.6f', after[i])
  redis.call('HSET', key, 'left', after[i], 'at', string.format('%d', now))
  redis.call('PEXPIRE', key, math.ceil(missing * ${MINUTE} / limit) + 1000)
end
return { 1, after }
`)

const MovedReply = z.tuple([z.int(), z.array(z.coerce.number())])

function sharedMove({ redis, breaker }: SharedRedis): SharedMove {
  return (limits, amount, least) =>
    breaker.attempt(async () => {
      const keys = limits.map(({ of }) => `plimsoll:tokens:${of}`)
      const bound = least === -Infinity ? '-inf' : least
      const reply = await MOVE(redis, keys, [amount, bound, ...limits.map(({ perMinute }) => perMinute)])
      const [done, left] = MovedReply.parse(reply)
      return { done: done === 1, left }
    })
}

function tightest(limits: readonly TokenLimit[], left: readonly number[]): RateState {
  const states = limits.map(({ perMinute: limit }, index) => {
    const remaining = Math.max(0, Math.floor(left[index] ?? 0))
    return { limit, remaining, resetSeconds: secondsFor(limit - (left[index] ?? 0), limit) }
  })
  return states.reduce((least, state) => (state.remaining < least.remaining ? state : least))
}

const secondsFor = (tokens: number, perMinute: number): number => Math.ceil((tokens * 60) / perMinute)

function overLimit(limits: readonly TokenLimit[], left: readonly number[], estimate: number): OverLimit {
  const rate = tightest(limits, left)
  const waits = limits.map(({ perMinute }, index) => secondsFor(estimate - (left[index] ?? 0), perMinute))
  const resetSeconds = Math.max(1, ...waits)
  const stand = `${rate.remaining} of ${rate.limit} tokens a minute are left`
  const message = `This needs about ${estimate} tokens, and ${stand}. Try again in ${resetSeconds} seconds.`
  return new OverLimit(message, { ...rate, resetSeconds })
}

function tooLarge(estimate: number, perMinute: number): Failure {
  return new Failure('too_large', `This needs about ${estimate} tokens, more than the limit of ${perMinute} a minute.`)
}
