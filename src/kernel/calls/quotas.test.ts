import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { hasRedis, heard, startRedis } from '../../../test/support/redis.ts'
import type { TestRedis } from '../../../test/support/redis.ts'
import { Failure } from '../failure.ts'
import { openRedis } from '../redis/redis.ts'
import { OverLimit } from './limits.ts'
import { createQuotas } from './quotas.ts'
import type { Slot } from './slots.ts'

const log = pino({ level: 'silent' })
const one = [{ of: 'key:a', perMinute: 600 }]

/** Quotas of one process, with a clock that the test sets. */
function alone(enabled = true) {
  const clock = { now: 0 }
  const rejected = vi.fn()
  return { clock, rejected, ...createQuotas({ enabled, log, milliseconds: () => clock.now, rejected }) }
}

const refusalOf = (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => expect.fail('it was let through'),
    (error: unknown) => (error instanceof Failure ? error : expect.fail(String(error))),
  )

describe('a budget of tokens a minute', () => {
  it('is refused past its limit, with what is left and the time until there is enough', async () => {
    const { tokens, clock, rejected } = alone()
    expect((await tokens.take(one, 400)).rate).toEqual({ limit: 600, remaining: 200, resetSeconds: 40 })
    const refusal = await refusalOf(tokens.take(one, 300))
    expect(refusal).toBeInstanceOf(OverLimit)
    expect(refusal).toMatchObject({
      kind: 'rate_limited',
      retryAfterSeconds: 10,
      message: 'This needs about 300 tokens, and 200 of 600 tokens a minute are left. Try again in 10 seconds.',
      rate: { limit: 600, remaining: 200, resetSeconds: 10 },
    })
    expect(rejected.mock.calls).toEqual([['tokens']])
    clock.now = 10_000
    expect((await tokens.take(one, 300)).rate.remaining).toBe(0)
  })

  it('gets back what was not used, and is owed what was used beyond the estimate, once', async () => {
    const { tokens } = alone()
    const less = await tokens.take(one, 500)
    await less.settle(100)
    await less.settle(0)
    const more = await tokens.take(one, 500)
    expect(more.rate.remaining).toBe(0)
    await more.settle(700)
    expect(await refusalOf(tokens.take(one, 1))).toMatchObject({ retryAfterSeconds: 21 })
  })

  it('is taken from all budgets of a request or from none, and tells of the tightest', async () => {
    const { tokens } = alone()
    const both = [...one, { of: 'tenant:t', perMinute: 100 }]
    expect((await tokens.take(both, 60)).rate).toMatchObject({ limit: 100, remaining: 40 })
    await refusalOf(tokens.take(both, 60))
    expect((await tokens.take(one, 1)).rate.remaining).toBe(539)
  })

  it('never has enough for more than a minute holds: that is not to be tried again', async () => {
    const { tokens } = alone()
    expect(await refusalOf(tokens.take(one, 601))).toMatchObject({ kind: 'too_large', retryAfterSeconds: undefined })
  })

  it('is without end where there is no limit, or limits are off', async () => {
    const endless = [{ of: 'key:a', perMinute: Infinity }]
    expect((await alone().tokens.take(endless, 1e9)).rate.remaining).toBe(Infinity)
    const hold = await alone(false).tokens.take(one, 1e9)
    await hold.settle(2e9)
    expect(hold.rate.limit).toBe(Infinity)
  })

  const Steps = fc.array(
    fc.record({
      wait: fc.integer({ min: 0, max: 30_000 }),
      estimate: fc.integer({ min: 0, max: 1000 }),
      used: fc.double({ min: 0, max: 1, noNaN: true }),
      settles: fc.boolean(),
    }),
    { maxLength: 60 },
  )

  it('is never over its limit while estimates are enough, in whatever order requests begin and end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), Steps, async (perMinute, steps) => {
        const { tokens, clock } = alone()
        const open: { hold: Awaited<ReturnType<typeof tokens.take>>; estimate: number; share: number }[] = []
        let spent = 0
        for (const { wait, estimate, used, settles } of steps) {
          clock.now += wait
          const oldest = settles ? open.shift() : undefined
          if (oldest !== undefined) {
            const real = Math.floor(oldest.estimate * oldest.share)
            await oldest.hold.settle(real)
            spent -= oldest.estimate - real
          }
          const hold = await tokens.take([{ of: 'a', perMinute }], estimate).catch(() => undefined)
          if (hold === undefined) continue
          open.push({ hold, estimate, share: used })
          spent += estimate
          expect(spent).toBeLessThanOrEqual(perMinute * (1 + clock.now / 60_000) + 0.001)
        }
      }),
    )
  })

  it('is over its limit by one estimate at most when each request uses up to twice its estimate', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1000 }), Steps, async (perMinute, steps) => {
        const { tokens, clock } = alone()
        let spent = 0
        let largest = 0
        for (const { wait, estimate, used } of steps) {
          clock.now += wait
          const hold = await tokens.take([{ of: 'a', perMinute }], estimate).catch(() => undefined)
          if (hold === undefined) continue
          const real = Math.floor(estimate * 2 * used)
          await hold.settle(real)
          spent += real
          largest = Math.max(largest, estimate)
          expect(spent).toBeLessThanOrEqual(perMinute * (1 + clock.now / 60_000) + largest + 0.001)
        }
      }),
    )
  })
})

describe('slots for things at once', () => {
  const two = [{ of: 'key:a', max: 2 }]

  it('are as many as the limit says, and free again when a thing ends, once', async () => {
    const { slots, rejected } = alone()
    const [first] = [await slots.take(two), await slots.take(two)]
    expect(await refusalOf(slots.take(two))).toMatchObject({
      kind: 'rate_limited',
      code: 'CONCURRENCY_LIMIT_EXCEEDED',
      retryAfterSeconds: 1,
    })
    expect(rejected.mock.calls).toEqual([['slots']])
    await first?.release()
    await first?.release()
    await slots.take(two)
    await refusalOf(slots.take(two))
  })

  it('are taken of all limits of a thing or of none', async () => {
    const { slots } = alone()
    const both = [...two, { of: 'tenant:t', max: 1 }]
    await slots.take(both)
    await refusalOf(slots.take(both))
    await slots.take(two)
    await refusalOf(slots.take(two))
  })

  it('are without end where there is no limit, or limits are off', async () => {
    const { slots } = alone(false)
    for (let count = 0; count < 5; count++) await (await slots.take(two)).release()
    const endless = [{ of: 'key:a', max: Infinity }]
    for (let count = 0; count < 5; count++) await alone().slots.take(endless)
  })
})

describe.skipIf(!hasRedis)('quotas of two processes with one Redis (needs redis-server)', () => {
  let server: TestRedis
  let clients: Redis[] = []
  beforeAll(async () => {
    server = await startRedis()
    clients = [openRedis(server.url, log), openRedis(server.url, log)]
    await Promise.all(clients.map((client) => heard(client, 'ready')))
  })
  afterAll(async () => {
    for (const client of clients) client.disconnect()
    await server.kill()
  })

  const process = (redis: Redis, leaseSeconds = 60) =>
    createQuotas({ enabled: true, log, redis, milliseconds: () => performance.now(), leaseSeconds })
  const both = () => clients.map((client) => process(client))
  const succeeded = (results: readonly PromiseSettledResult<unknown>[]) =>
    results.filter(({ status }) => status === 'fulfilled').length
  let names = 0
  const fresh = () => `test:${names++}`

  it('let through together what one would, however many ask at once', async () => {
    const limits = [{ of: fresh(), perMinute: 100 }]
    const asking = both().flatMap(({ tokens }) => Array.from({ length: 40 }, () => tokens.take(limits, 10)))
    expect(succeeded(await Promise.allSettled(asking))).toBe(10)
    const max = [{ of: fresh(), max: 7 }]
    const starting = both().flatMap(({ slots }) => Array.from({ length: 40 }, () => slots.take(max)))
    expect(succeeded(await Promise.allSettled(starting))).toBe(7)
  })

  it('give back and owe as one', async () => {
    const [first, second] = both()
    const limits = [{ of: fresh(), perMinute: 6000 }]
    const hold = await first?.tokens.take(limits, 6000)
    await hold?.settle(1000)
    const more = await second?.tokens.take(limits, 5000)
    await more?.settle(8000)
    const refusal = await refusalOf(first?.tokens.take(limits, 1) ?? Promise.resolve())
    expect(refusal.retryAfterSeconds).toBeGreaterThan(25)
  })

  it('take from all or from none', async () => {
    const [first, second] = both()
    const [wide, narrow] = [
      { of: fresh(), max: 2 },
      { of: fresh(), max: 1 },
    ] as const
    await first?.slots.take([wide, narrow])
    await refusalOf(second?.slots.take([wide, narrow]) ?? Promise.resolve())
    await second?.slots.take([wide])
    const [large, small] = [
      { of: fresh(), perMinute: 100 },
      { of: fresh(), perMinute: 10 },
    ] as const
    await refusalOf(first?.tokens.take([large, small], 20) ?? Promise.resolve())
    await second?.tokens.take([large], 100)
  })

  it('never have more things at once than the limit, whoever begins and ends them', async () => {
    const Steps = fc.array(fc.record({ process: fc.nat(1), ends: fc.boolean(), which: fc.nat(20) }), { maxLength: 40 })
    const processes = both()
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), Steps, async (max, steps) => {
        const limit = [{ of: fresh(), max }]
        const going: Slot[] = []
        for (const { process: index, ends, which } of steps) {
          if (ends && going.length > 0) {
            await going.splice(which % going.length, 1)[0]?.release()
            continue
          }
          const isFull = going.length === max
          const slot = await processes[index]?.slots.take(limit).catch(() => undefined)
          expect(slot === undefined).toBe(isFull)
          if (slot !== undefined) going.push(slot)
        }
        await Promise.all(going.map((slot) => slot.release()))
      }),
      { numRuns: 30 },
    )
  })

  it('return the slots of a process that died, and keep those of one that lives', async () => {
    const dying = openRedis(server.url, log)
    await heard(dying, 'ready')
    const limits = [{ of: fresh(), max: 2 }]
    const [living] = clients.map((client) => process(client, 0.3))
    const kept = await living?.slots.take(limits)
    await process(dying, 0.3).slots.take(limits)
    dying.disconnect()
    await vi.waitFor(() => living?.slots.take(limits), { timeout: 5000, interval: 20 })
    await refusalOf(living?.slots.take(limits) ?? Promise.resolve())
    await kept?.release()
    await living?.slots.take(limits)
  })

  it('count alone while Redis is dead, with what each has going, and together again when it is back', async () => {
    const [first, second] = clients.map((client) => process(client, 0.3))
    const slots = [{ of: fresh(), max: 2 }]
    const budget = [{ of: fresh(), perMinute: 100 }]
    const going = await first?.slots.take(slots)
    const hold = await first?.tokens.take(budget, 100)
    const away = Promise.all(clients.map((client) => heard(client, 'close')))
    await server.kill()
    await away
    await hold?.settle(10)
    await first?.slots.take(slots)
    await refusalOf(first?.slots.take(slots) ?? Promise.resolve())
    await first?.tokens.take(budget, 100)
    await refusalOf(first?.tokens.take(budget, 100) ?? Promise.resolve())
    const back = Promise.all(clients.map((client) => heard(client, 'ready')))
    await server.restart()
    await back
    // Running requests reach the new Redis when their leases are renewed.
    await vi.waitFor(
      async () => {
        const slot = await second?.slots.take(slots).catch(() => undefined)
        await slot?.release()
        expect(slot).toBeUndefined()
      },
      { timeout: 5000, interval: 20 },
    )
    await going?.release()
    await second?.slots.take(slots)
  })
})
