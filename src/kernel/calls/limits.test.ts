import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasRedis, heard, startRedis } from '../../../test/support/redis.ts'
import type { TestRedis } from '../../../test/support/redis.ts'
import { Failure } from '../failure.ts'
import { LimitSettings } from '../config/runtime.ts'
import type { Actor } from '../principal.ts'
import { bucketOf, createLimiter, guestBucket } from './limits.ts'
import type { Limiter } from './limits.ts'
import { openRedis } from '../redis/redis.ts'

const settings = LimitSettings.parse({ perKeyPerMinute: 3, perIpPerMinute: 2 })
const log = pino({ level: 'silent' })

describe('a limiter in one process', () => {
  it('lets as many calls through as the limit says, and counts down', () => {
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    expect([1, 2, 3].map(() => limiter.take('key', 'a'))).toEqual([
      { limit: 3, remaining: 2, resetSeconds: 60 },
      { limit: 3, remaining: 1, resetSeconds: 60 },
      { limit: 3, remaining: 0, resetSeconds: 60 },
    ])
  })

  it('refuses the next call, says when to come back, and tells the observer', () => {
    let now = 0
    const rejected: string[] = []
    const limiter = createLimiter({
      settings,
      log,
      milliseconds: () => now,
      rejected: (bucket) => rejected.push(bucket),
    })
    for (let call = 0; call < 3; call++) void limiter.take('key', 'a')
    now = 12_400
    const refusal = refusalOf(() => limiter.take('key', 'a'))
    expect(refusal.kind).toBe('rate_limited')
    expect(refusal.retryAfterSeconds).toBe(48)
    expect(rejected).toEqual(['key'])
  })

  it('starts counting anew when the minute is over', () => {
    let now = 0
    const limiter = createLimiter({ settings, log, milliseconds: () => now })
    for (let call = 0; call < 3; call++) void limiter.take('key', 'a')
    now = 60_000
    expect(limiter.take('key', 'a')).toEqual({ limit: 3, remaining: 2, resetSeconds: 60 })
  })

  it('keeps keys, addresses and callers apart', () => {
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    for (let call = 0; call < 2; call++) void limiter.take('ip', 'a')
    expect(refusalOf(() => limiter.take('ip', 'a')).message).toContain('from this address')
    expect(limiter.take('ip', 'b')).toMatchObject({ remaining: 1 })
    expect(limiter.take('key', 'a')).toMatchObject({ remaining: 2 })
  })

  it('lets everything through when limits are off', () => {
    const limiter = createLimiter({ settings: { ...settings, enabled: false }, log, milliseconds: () => 0 })
    for (let call = 0; call < 100; call++) expect(limiter.take('key', 'a')).toMatchObject({ limit: Infinity })
  })
})

describe('the limit of a caller', () => {
  const limiter = createLimiter({ settings: LimitSettings.parse({}), log, milliseconds: () => 0 })
  const person: Actor = { kind: 'user', id: 'usr_1' }
  const key: Actor = { kind: 'key', id: 'key_1', name: 'k' }

  it.each([
    ['read-only', 10, 60, 100],
    ['member', 10, 60, 100],
    ['manager', 20, 120, 200],
    ['admin', Infinity, Infinity, Infinity],
    ['owner', Infinity, Infinity, Infinity],
  ] as const)('who is %s: strict %d, otherwise %d, lenient %d a minute', (role, ...expected) => {
    const limits = (['strict', 'default', 'lenient'] as const).map((limit) =>
      limiter.limitOf(bucketOf({ actor: person, role }, limit)),
    )
    expect(limits).toEqual(expected)
  })

  it('who is a guest: strict 5, otherwise 10, lenient 20 a minute', () => {
    const limits = (['strict', 'default', 'lenient'] as const).map((limit) => limiter.limitOf(guestBucket(limit)))
    expect(limits).toEqual([5, 10, 20])
  })

  it('that is a key: its own 6000 a minute, and 10 where credentials are handled', () => {
    const limits = (['strict', 'default', 'lenient'] as const).map((limit) =>
      limiter.limitOf(bucketOf({ actor: key }, limit)),
    )
    expect(limits).toEqual([10, 6000, 6000])
  })

  it('whose role is not known is that of a user', () => {
    expect(bucketOf({ actor: person })).toBe('user')
  })

  it('who is an admin never runs out', () => {
    for (let call = 0; call < 500; call++) expect(limiter.take('admin', 'usr_1')).toMatchObject({ limit: Infinity })
  })

  it('in one class leaves the others as they are', () => {
    for (let call = 0; call < 5; call++) void limiter.take('strict-guest', 'a')
    expect(refusalOf(() => limiter.take('strict-guest', 'a')).message).toContain('from this address')
    expect(limiter.take('lenient-guest', 'a')).toMatchObject({ remaining: 19 })
  })
})

describe.skipIf(!hasRedis)('limiters of two processes with one Redis (needs redis-server)', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.kill()
  })

  it('share the count; keep limiting alone while Redis is dead; share again when it is back', async () => {
    const redis = [openRedis(server.url, log), openRedis(server.url, log)]
    await Promise.all(redis.map((each) => heard(each, 'ready')))
    const [one, two] = redis.map((each) =>
      createLimiter({ settings, log, redis: each, milliseconds: () => performance.now() }),
    )
    if (one === undefined || two === undefined) throw new Error('two limiters were made')

    expect(await outcomes([one, two, one, two, two], 'shared')).toEqual([2, 1, 0, 'rate_limited', 'rate_limited'])

    const away = Promise.all(redis.map((each) => heard(each, 'close')))
    await server.kill()
    await away
    expect(await outcomes([one, one, one, one], 'alone')).toEqual([2, 1, 0, 'rate_limited'])
    expect(await outcomes([two], 'alone')).toEqual([2])

    const back = Promise.all(redis.map((each) => heard(each, 'ready')))
    await server.restart()
    await back
    expect(await outcomes([one, two, one, two], 'alone')).toEqual([2, 1, 0, 'rate_limited'])
    for (const each of redis) each.disconnect()
  })
})

async function outcomes(limiters: readonly Limiter[], id: string): Promise<(number | string)[]> {
  const seen: (number | string)[] = []
  for (const limiter of limiters) {
    try {
      seen.push((await limiter.take('key', id)).remaining)
    } catch (error) {
      seen.push(error instanceof Failure ? error.kind : String(error))
    }
  }
  return seen
}

function refusalOf(take: () => unknown): Failure {
  try {
    take()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('the call was let through')
}
