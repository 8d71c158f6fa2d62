import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { hasRedis, startRedis, type TestRedis } from '../../../test/support/redis.ts'
import type { Cache } from '../cache.ts'
import { openSignals, type Signals } from '../database/signals.ts'
import { openRedis } from '../redis/redis.ts'
import type { BreakerHooks } from '../redis/redis-breaker.ts'
import { openCache } from './open-cache.ts'
import { cacheTags } from './tags.ts'

const A = 'tenant-a'
const tags = cacheTags('test', { customer: 'each' })
const options = { name: 'test', ttlSeconds: 60, tags: [tags.customer('1')] }
const clock = () => new Date()

/** Repeats the call until it returns the expected value; the test's timeout bounds it. */
async function eventually(read: () => Promise<unknown>, wanted: unknown): Promise<void> {
  while ((await read()) !== wanted) await new Promise((resolve) => setImmediate(resolve))
}

describe('two processes', { timeout: 30_000 }, async () => {
  const database = await testDatabase()
  const processes: { cache: Cache; close(): void; signals: Signals }[] = []
  const seen = { memory: 0, redis: 0, miss: 0 }

  async function startProcess(redisUrl?: string, breaker: BreakerHooks = {}) {
    const signals = await openSignals({ connection: { connectionString: database.url }, log: quiet })
    const settings = { redisUrl, entriesMax: 100 }
    const onHit = (_name: string, tier: 'memory' | 'redis') => seen[tier]++
    const counters = { onHit, onMiss: () => seen.miss++ }
    const opened = openCache({ settings, signals, database, clock, log: quiet, breaker, ...counters })
    const started = { ...opened, signals }
    processes.push(started)
    await eventually(() => Promise.resolve(signals.connected), true)
    return started
  }
  afterAll(async () => {
    for (const { close, signals } of processes) {
      close()
      await signals.close()
    }
  })

  describe('without Redis', () => {
    it('hear of each other’s invalidations through the database', async () => {
      const [one, two] = [await startProcess(), await startProcess()]
      let stored = 'old'
      const read = ({ cache }: { cache: Cache }) => cache.getOrLoad(A, 'k', options, () => Promise.resolve(stored))
      expect([await read(one), await read(two)]).toEqual(['old', 'old'])
      stored = 'new'
      expect(await read(two)).toBe('old')

      await one.cache.invalidate(A, options.tags)
      expect(await read(one)).toBe('new')
      await eventually(() => read(two), 'new')
    })

    it('pass on more tags than one message holds', async () => {
      const [one, two] = [await startProcess(), await startProcess()]
      const many = Array.from({ length: 2000 }, (_, index) => tags.customer(`${index}`))
      let stored = 'old'
      const read = () =>
        two.cache.getOrLoad(A, 'k', { name: 'test', ttlSeconds: 60, tags: [tags.customer('1999')] }, () =>
          Promise.resolve(stored),
        )
      await read()
      stored = 'new'
      await one.cache.invalidate(A, many)
      await eventually(read, 'new')
    })

    it('forget everything on a message they cannot read', async () => {
      const one = await startProcess()
      let stored = 'old'
      const read = () => one.cache.getOrLoad(A, 'k', options, () => Promise.resolve(stored))
      expect(await read()).toBe('old')
      stored = 'new'
      await database.owner.query("select pg_notify('kernel.cache-invalidated', '{')")
      await eventually(read, 'new')
    })

    it('keep nothing while they cannot hear each other, and start again when they can', async () => {
      const one = await startProcess()
      const lost = Promise.withResolvers<void>()
      const restored = Promise.withResolvers<void>()
      let version = 1
      const read = () => one.cache.getOrLoad(A, 'k', options, () => Promise.resolve(version))
      expect(await read()).toBe(1)
      const slow = Promise.withResolvers<number>()
      const readSlowly = (load: () => Promise<number>) => one.cache.getOrLoad(A, 'slow', options, load)
      const begunBefore = readSlowly(() => slow.promise)
      let readWhileDeaf: Promise<number> | undefined
      one.signals.onLost(() => {
        version = 2
        readWhileDeaf = read()
        lost.resolve()
      })
      one.signals.onRestored(() => restored.resolve())
      await database.owner.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'plimsoll signals' and datname = current_database()",
      )
      await lost.promise
      expect(await readWhileDeaf).toBe(2)
      await restored.promise
      slow.resolve(1)
      expect(await begunBefore).toBe(1)
      expect(await readSlowly(() => Promise.resolve(3)), 'a load begun before the loss is not kept').toBe(3)
      version = 3
      expect(await read()).toBe(3)
      version = 4
      expect(await read()).toBe(3)
    })
  })

  describe.skipIf(!hasRedis)('with Redis (needs redis-server)', () => {
    let redis: TestRedis
    beforeAll(async () => {
      redis = await startRedis()
    })
    afterAll(() => redis.kill())

    /** Waits until both processes are connected to Redis: the other reads a value that one loaded. */
    async function untilShared(one: { cache: Cache }, two: { cache: Cache }) {
      let round = 0
      await eventually(async () => {
        const key = `round-${round++}`
        const before = seen.redis
        for (const { cache } of [one, two]) await cache.getOrLoad(A, key, options, () => Promise.resolve(key))
        return seen.redis > before
      }, true)
    }

    it('share values, and hear of each other’s invalidations', async () => {
      const [one, two] = [await startProcess(redis.url), await startProcess(redis.url)]
      let stored = { name: 'old' }
      let loads = 0
      const read = ({ cache }: { cache: Cache }) =>
        cache.getOrLoad(A, 'shared', options, () => {
          loads++
          return Promise.resolve(stored)
        })
      await untilShared(one, two)
      await read(one)
      const before = loads
      expect([await read(two), loads]).toEqual([{ name: 'old' }, before])

      stored = { name: 'new' }
      await one.cache.invalidate(A, options.tags)
      expect(await read(one)).toEqual({ name: 'new' })
      await eventually(async () => (await read(two)).name, 'new')
    })

    it('do not wait for a Redis that has become slow', async () => {
      const one = await startProcess(redis.url)
      const read = (key: string) => one.cache.getOrLoad(A, key, options, () => Promise.resolve('loaded'))
      await untilShared(one, await startProcess(redis.url))
      const other = openRedis(redis.url, quiet, 30_000)
      await eventually(() => Promise.resolve(other.status), 'ready')
      await other.call('CLIENT', 'PAUSE', '2000', 'ALL')
      const answer = other.ping().then(() => 'Redis')
      expect(await Promise.race([answer, read('cold').then(() => 'the cache')])).toBe('the cache')
      await answer
      other.disconnect()
    })

    it('tell a Redis that hung of every invalidation before they believe it again', async () => {
      const opened = Promise.withResolvers<void>()
      const closed = Promise.withResolvers<void>()
      const changed: BreakerHooks['changed'] = (state) => {
        if (state === 'open') opened.resolve()
        if (state === 'closed') closed.resolve()
      }
      const one = await startProcess(redis.url, { changed, pauseMilliseconds: 50 })
      await untilShared(one, await startProcess(redis.url))
      let stored = 'old'
      const read = ({ cache }: { cache: Cache }) =>
        cache.getOrLoad(A, 'owed', { name: 'test', ttlSeconds: 60, tags: [tags.customer('owed')] }, () =>
          Promise.resolve(stored),
        )
      expect(await read(one)).toBe('old')

      await redis.freeze()
      for (const key of ['cold-1', 'cold-2', 'cold-3']) {
        await one.cache.getOrLoad(A, key, options, () => Promise.resolve(key))
      }
      await opened.promise
      stored = 'new'
      await one.cache.invalidate(A, [tags.customer('owed')])
      expect(await read(one)).toBe('new')

      redis.thaw()
      await closed.promise
      const late = await startProcess(redis.url)
      await untilShared(late, await startProcess(redis.url))
      expect(await read(late)).toBe('new')
    })

    it('load for themselves within moments when Redis is killed, and share again when it is back', async () => {
      const one = await startProcess(redis.url)
      let stored = 1
      const read = (key: string) => one.cache.getOrLoad(A, key, options, () => Promise.resolve(stored))
      await read('a')
      await redis.kill()
      stored = 2
      await one.cache.invalidate(A, options.tags)
      expect(await read('a')).toBe(2)

      await redis.restart()
      await untilShared(one, await startProcess(redis.url))
    })
  })

  it('with a Redis that accepts connections and never answers load for themselves', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const address = silent.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const one = await startProcess(`redis://127.0.0.1:${address.port}`)
    const read = one.cache.getOrLoad(A, 'k', options, () => Promise.resolve('loaded'))
    expect(await read).toBe('loaded')
    one.close()
    silent.close()
  })
})
