import { once } from 'node:events'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { hasRedis, startRedis, type TestRedis } from '../../../test/support/redis.ts'
import { createLimiter, limitsBreaker } from '../calls/limits.ts'
import { LimitSettings } from '../config/runtime.ts'
import { openRedis } from './redis.ts'
import type { BreakerState } from './redis-breaker.ts'

const COMMAND_MILLISECONDS = 150
const settings = LimitSettings.parse({ perKeyPerMinute: 5 })

describe.skipIf(!hasRedis)('while Redis hangs (needs redis-server)', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.kill())

  async function start() {
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
    const redis = openRedis(server.url, log, COMMAND_MILLISECONDS)
    onTestFinished(() => redis.disconnect())
    onTestFinished(() => server.thaw())
    await once(redis, 'ready')
    const states: BreakerState[] = []
    const closed = Promise.withResolvers<void>()
    const changed = (state: BreakerState) => {
      states.push(state)
      if (state === 'closed') closed.resolve()
    }
    const breaker = limitsBreaker(redis, log, { changed, pauseMilliseconds: 2 * COMMAND_MILLISECONDS })
    const limiter = createLimiter({ settings, log, redis, milliseconds: () => 0, breaker })
    const take = async (id: string) => (await limiter.take('key', id)).remaining
    return { take, states, lines, closed: closed.promise }
  }

  it('three calls wait for it and the others do without, until it answers a question of ours', async () => {
    const { take, states, lines, closed } = await start()
    expect(await take('before')).toBe(4)

    await server.freeze()
    for (const remaining of [4, 3, 2]) expect(await take('during')).toBe(remaining)
    expect(states).toEqual(['open'])
    for (const remaining of [1, 0]) expect(await orLater(take('during'))).toBe(remaining)

    server.thaw()
    await closed
    expect(await take('before')).toBe(3)
    expect(states.slice(0, 2)).toEqual(['open', 'half-open'])
    expect(states.at(-1)).toBe('closed')
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      'Redis does not respond: rate limits are counted per process',
      'Redis responds again',
    ])
  })

  it('callers who are over their limit do not keep the others waiting for it', async () => {
    const { take, states } = await start()
    const refused = () => expect(take('greedy')).rejects.toMatchObject({ kind: 'rate_limited' })
    for (const remaining of [4, 3, 2, 1, 0]) expect(await take('greedy')).toBe(remaining)
    await refused()

    await server.freeze()
    for (const remaining of [4, 3, 2]) {
      expect(await take('patient')).toBe(remaining)
      if (remaining > 2) await refused()
    }
    expect(states).toEqual(['open'])
  })

  it('a single slow answer is no outage', async () => {
    const { take, states } = await start()
    for (const id of ['one', 'two', 'three', 'four']) {
      await server.freeze()
      expect(await take(`slow-${id}`)).toBe(4)
      server.thaw()
      expect(await take(`quick-${id}`)).toBe(4)
    }
    expect(states).toEqual([])
  })
})

/** The result that is available without waiting for I/O. */
async function orLater<T>(answer: Promise<T>): Promise<T | 'later'> {
  return Promise.race([answer, new Promise<'later'>((resolve) => setImmediate(() => resolve('later')))])
}
