import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { Failure } from '../failure.ts'
import type { SharedRedis } from '../redis/redis-breaker.ts'
import { NOW, redisScript } from './redis-script.ts'

/** Of whom at most so many things go on at once; `Infinity` for no limit. */
export interface SlotLimit {
  /** `key:key_01…`, `tenant:ten_01…`: one name, one count. */
  readonly of: string
  readonly max: number
}

/** One thing that goes on. */
export interface Slot {
  /** At its end, whatever it ended with. Never rejects. */
  release(): Promise<void>
}

/** Limits on things at once. A thing takes a slot of all its limits or of none. */
export interface Slots {
  /** Throws `Failure('rate_limited')` when one of them has no slot free. */
  take(limits: readonly SlotLimit[]): Promise<Slot>
}

export interface SlotOptions {
  readonly enabled: boolean
  readonly shared: SharedRedis | undefined
  /** A slot is held for so long in Redis, and renewed: that of a process that died is free then. */
  readonly leaseSeconds: number
  readonly rejected: () => void
}

export function openSlots({ enabled, shared: redis, leaseSeconds, rejected }: SlotOptions): Slots {
  const leases = redis && sharedLeases(redis.redis, leaseSeconds)
  // Without Redis this process counts its own, and a lease ends by itself.
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
        throw none(full)
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

function none({ max }: SlotLimit): Failure {
  const message = `At most ${max} of these may go on at once. Try again when one has ended.`
  return new Failure('rate_limited', message, { code: 'CONCURRENCY_LIMIT_EXCEEDED', retryAfterSeconds: 1 })
}

/** What this process holds: renewed while there is any, and the count of its own while Redis is away. */
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
    /** The place in the list of a limit without a free slot; one past its end when all have one. */
    firstFull: (limits: readonly SlotLimit[]): number => {
      const full = limits.findIndex(({ of, max }) => (counts.get(of) ?? 0) >= max)
      return full < 0 ? limits.length : full
    },
    add(id: string, names: readonly string[]): void {
      held.set(id, names)
      count(names, 1)
      timer ??= setInterval(() => held.forEach((own, one) => renew(one, own)), renewMilliseconds).unref()
    },
    /** Whether it was held still. */
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

/** Slots are members of a sorted set, scored by when they end. Answers the place of a full one, from 0, or past the end. */
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

/** Puts a slot back that ended meanwhile, since what it stands for goes on. */
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
