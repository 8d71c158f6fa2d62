import { describe, expect, it } from 'vitest'
import { quiet } from '../../../test/support/database.ts'
import { cacheTags } from './tags.ts'
import type { CacheTag } from './tags.ts'
import { tieredCache } from './tiered-cache.ts'

const A = 'tenant-a'
const tags = cacheTags('test', { customer: 'each', x: 'one', y: 'one', z: 'one' })
const options = { name: 'test', ttlSeconds: 60, tags: [tags.customer('1')] }

function counting() {
  const seen = { memory: 0, redis: 0, miss: 0 }
  const cache = tieredCache({
    entriesMax: 100,
    log: quiet,
    onHit: (_name, tier) => seen[tier]++,
    onMiss: () => seen.miss++,
  })
  return { cache, seen }
}

describe('the cache of one process', () => {
  it('loads a value once however many callers wait for it', async () => {
    const { cache, seen } = counting()
    const gate = Promise.withResolvers<string>()
    let loads = 0
    const load = () => {
      loads++
      return gate.promise
    }
    const callers = Array.from({ length: 50 }, () => cache.getOrLoad(A, 'k', options, load))
    gate.resolve('value')

    expect(new Set(await Promise.all(callers))).toEqual(new Set(['value']))
    expect(await cache.getOrLoad(A, 'k', options, load)).toBe('value')
    expect(loads).toBe(1)
    expect(seen).toEqual({ memory: 1, redis: 0, miss: 1 })
  })

  it('keeps the same key of two tenants apart, and their tags too', async () => {
    const { cache } = counting()
    const get = (tenant: string, value: string) => cache.getOrLoad(tenant, 'k', options, () => Promise.resolve(value))
    expect([await get('a', 'one'), await get('b', 'two')]).toEqual(['one', 'two'])
    await cache.invalidate('a', options.tags)
    expect([await get('a', 'new'), await get('b', 'new')]).toEqual(['new', 'two'])
  })

  it('lets no tenant reach another by choosing its key', async () => {
    const { cache } = counting()
    await cache.getOrLoad('a', 'b:k', options, () => Promise.resolve('of a'))
    expect(await cache.getOrLoad('a:b', 'k', options, () => Promise.resolve('of a:b'))).toBe('of a:b')
  })

  it('hands an error to every waiting caller and keeps nothing', async () => {
    const { cache } = counting()
    const failing = () => cache.getOrLoad(A, 'k', options, () => Promise.reject(new Error('down')))
    const results = await Promise.allSettled([failing(), failing()])
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(await cache.getOrLoad(A, 'k', options, () => Promise.resolve('up'))).toBe('up')
  })

  it('gives nobody who asks after an invalidation what was being loaded before it', async () => {
    const { cache } = counting()
    const slow = Promise.withResolvers<string>()
    const early = cache.getOrLoad(A, 'k', options, () => slow.promise)
    await cache.invalidate(A, options.tags)

    const late = cache.getOrLoad(A, 'k', options, () => Promise.resolve('new'))
    expect(await late).toBe('new')
    slow.resolve('old')
    expect(await early).toBe('old')
    expect(await cache.getOrLoad(A, 'k', options, () => Promise.resolve('newer'))).toBe('new')
  })

  it('keeps nothing of a load that is overtaken while an older one of the same key ends', async () => {
    const { cache } = counting()
    const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
    const oldest = cache.getOrLoad(A, 'k', options, () => first.promise)
    await cache.invalidate(A, options.tags)
    const older = cache.getOrLoad(A, 'k', options, () => second.promise)
    first.resolve('oldest')
    await oldest
    await cache.invalidate(A, options.tags)
    second.resolve('old')
    await older
    expect(await cache.getOrLoad(A, 'k', options, () => Promise.resolve('new'))).toBe('new')
  })

  it('forgets every value with one of the tags and no other', async () => {
    const { cache } = counting()
    const put = (key: string, carried: CacheTag[], value: string) =>
      cache.getOrLoad(A, key, { name: 'test', ttlSeconds: 60, tags: carried }, () => Promise.resolve(value))
    await put('both', [tags.x, tags.y], '1')
    await put('x', [tags.x], '1')
    await put('z', [tags.z], '1')
    await cache.invalidate(A, [tags.x])
    expect([
      await put('both', [tags.x, tags.y], '2'),
      await put('x', [tags.x], '2'),
      await put('z', [tags.z], '2'),
    ]).toEqual(['2', '2', '1'])
  })

  it('holds no more values than it may', async () => {
    const { cache, seen } = counting()
    const get = (index: number) => cache.getOrLoad(A, `k${index}`, options, () => Promise.resolve(index))
    for (let index = 0; index <= 100; index++) await get(index)
    await get(0)
    expect(seen.miss).toBe(102)
    await get(100)
    expect(seen.memory).toBe(1)
  })

  it('remembers a value that is undefined', async () => {
    const { cache, seen } = counting()
    const get = () => cache.getOrLoad(A, 'k', options, () => Promise.resolve(undefined))
    expect([await get(), await get()]).toEqual([undefined, undefined])
    expect(seen).toMatchObject({ memory: 1, miss: 1 })
  })
})
