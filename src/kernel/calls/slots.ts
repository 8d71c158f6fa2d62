import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { Failure } from '../failure.ts'
import type { SharedRedis } from '../redis/redis-breaker.ts'
import { NOW, redisScript } from './redis-script.ts'

/** A concurrency limit: at most `max` running requests of `of`; `Infinity` for no limit. */
export interface SlotLimit {
  /** The counter's name: `key:key_01…`, `tenant:ten_01…`. */
  readonly of: string
  readonly max: number
}

/** The slot of one running request. */
export interface Slot {
  /** Frees the slot; called when the request ends, however it ends. Never rejects. */
  release(): Promise<void>
}

/** Concurrency limits. A request takes a slot of all its limits or of none. */
export interface Slots {
  /** Throws `Failure('rate_limited')` when one of the limits has no free slot. */
  take(limits: readonly SlotLimit[]): Promise<Slot>
}

export interface SlotOptions {
  readonly enabled: boolean
  readonly shared: SharedRedis | undefined
  /** Lease of a slot in Redis, renewed while it is held; the slots of a crashed process expire. */
  readonly leaseSeconds: number
  readonly rejected: () => void
}

export function openSlots({ enabled, shared: redis, leaseSeconds, rejected }: SlotOptions): Slots {
  const leases = redis && sharedLeases(redis.redis, leaseSeconds)
  // While Redis does not respond, this process counts alone and leases expire.
  const attempt = <T>(work: () => Promise<T>) => redis?.breaker.attempt(work)
  const renew = (id: string, names: readonly string[]) => void (leases && attempt(() => leases.put(id, names)))
  const held = heldSlots((leaseSeconds * 1000) / 3, renew)
  return {
    async take(all) {
      const limits = all.filter(({ max }) => enabled && max !== Infinity)
      if (limits.length === 0) return { release: async () => undefined }
      const id = randomUUID()
      const shared = leases && (await attempt(() => leases.take(id, limits)))
      const full = limits[shared ?? held.firstFull(limits)]
      if (full !== undefined) {
        rejected()
        throw noSlot(full)
      }
      const names = limits.map(({ of }) => of)
      held.add(id, names)
      return {
        async release() {
          if (held.remove(id) && leases !== undefined) await attempt(() => leases.remove(id, names))
        },
      }
    },
  }
}

function noSlot({ max }: SlotLimit): Failure {
  const message = `At most ${max} of these may run at once. Try again when one has ended.`
  return new Failure('rate_limited', message, { code: 'CONCURRENCY_LIMIT_EXCEEDED', retryAfterSeconds: 1 })
}

/** The slots of this process: their leases are renewed, and their number is the limit while Redis does not respond. */
function heldSlots(renewMilliseconds: number, renew: (id: string, names: readonly string[]) => void) {
  const held = new Map<string, readonly string[]>()
  const counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const count = (names: readonly string[], change: number): void => {
    for (const name of names) {
      const now = (counts.get(name) ?? 0) + change
      if (now > 0) counts.set(name, now)
      else counts.delete(name)
    }
  }
  return {
    /** The index of the first limit without a free slot; the list's length when all have one. */
    firstFull: (limits: readonly SlotLimit[]): number => {
      const full = limits.findIndex(({ of, max }) => (counts.get(of) ?? 0) >= max)
      return full < 0 ? limits.length : full
    },
    add(id: string, names: readonly string[]): void {
      held.set(id, names)
      count(names, 1)
      timer ??= setInterval(() => held.forEach((own, one) => renew(one, own)), renewMilliseconds).unref()
    },
    /** Returns false when it was already released. */
    remove(id: string): boolean {
      const names = held.get(id)
      if (names === undefined) return false
      held.delete(id)
      count(names, -1)
      if (held.size === 0) {
        clearInterval(timer)
        timer = undefined
      }
      return true
    },
  }
}

/** Slots are members of a sorted set, scored by expiry. Returns the index of a full limit, or the number of limits. */
const TAKE = redisScript(`${NOW}
local id, lease = ARGV[1], tonumber(ARGV[2])
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%d', now))
  if redis.call('ZCARD', key) >= tonumber(ARGV[i + 2]) then return i - 1 end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, string.format('%d', now + lease), id)
  redis.call('PEXPIRE', key, lease)
end
return #KEYS
`)

/** Renews a lease, and restores one that expired while its request still runs. */
const PUT = redisScript(`${NOW}
local id, lease = ARGV[1], tonumber(ARGV[2])
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, string.format('%d', now + lease), id)
  redis.call('PEXPIRE', key, lease)
end
`)

const REMOVE = redisScript(`for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end`)

function sharedLeases(redis: Redis, leaseSeconds: number) {
  const lease = leaseSeconds * 1000
  const keysOf = (names: readonly string[]) => names.map((name) => `plimsoll:slots:${name}`)
  return {
    take: async (id: string, limits: readonly SlotLimit[]): Promise<number> => {
      const maxima = limits.map(({ max }) => max)
      return Number(await TAKE(redis, keysOf(limits.map(({ of }) => of)), [id, lease, ...maxima]))
    },
    put: (id: string, names: readonly string[]) => PUT(redis, keysOf(names), [id, lease]),
    remove: (id: string, names: readonly string[]) => REMOVE(redis, keysOf(names), [id]),
  }
}
