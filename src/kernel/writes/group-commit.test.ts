import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../failure.ts'
import { groupCommit } from './group-commit.ts'
import type { GroupCommitBounds, GroupCommitOptions } from './group-commit.ts'

interface Item {
  readonly id: number
  readonly count?: number
  readonly bytes?: number
  readonly isBad?: boolean
}

const BOUNDS: GroupCommitBounds = {
  batchMax: { count: 10, bytes: 1000 },
  waitingMax: { count: 20, bytes: 2000 },
  waitMillisecondsMax: 5000,
  lanesMax: 3,
}

/** Commits that stay in flight until the test lets them end. */
function held(options: Partial<GroupCommitOptions<Item, number>> = {}) {
  const batches: { readonly ids: readonly number[]; readonly end: () => void; readonly signal: AbortSignal }[] = []
  const group = groupCommit<Item, number>({
    items: 'items',
    bounds: BOUNDS,
    weigh: ({ count = 1, bytes = 0 }) => ({ count, bytes }),
    now: () => 0,
    async commit(batch, signal) {
      const { promise, resolve } = Promise.withResolvers<void>()
      batches.push({ ids: batch.map(({ id }) => id), end: resolve, signal })
      await promise
      if (batch.some(({ isBad }) => isBad)) throw new Error('a bad item')
      return batch.map(({ id }) => id)
    },
    ...options,
  })
  const next = async (index: number) => {
    while (batches.length <= index) await nextTurn()
    const batch = batches[index]
    if (batch === undefined) throw new Error('no batch')
    return batch
  }
  return { group, batches, next }
}

const endAll = async (held: { next: (index: number) => Promise<{ end: () => void }> }, count: number) => {
  for (let index = 0; index < count; index++) (await held.next(index)).end()
}

describe('a group commit', () => {
  it('commits what arrives in one turn together, and what arrives meanwhile in the next batch', async () => {
    const { group, next, batches } = held()
    const first = [group.submit('a', { id: 1 }), group.submit('a', { id: 2 })]
    const one = await next(0)
    const second = [group.submit('a', { id: 3 }), group.submit('a', { id: 4 })]
    await nextTurn()
    expect(batches.map(({ ids }) => ids)).toEqual([[1, 2]])
    one.end()
    expect(await Promise.all(first)).toEqual([1, 2])
    ;(await next(1)).end()
    expect(await Promise.all(second)).toEqual([3, 4])
    expect(batches.map(({ ids }) => ids)).toEqual([
      [1, 2],
      [3, 4],
    ])
  })

  it('keeps no lane waiting for another', async () => {
    const { group, next } = held()
    const slow = group.submit('a', { id: 1 })
    await next(0)
    const quick = group.submit('b', { id: 2 })
    ;(await next(1)).end()
    expect(await quick).toBe(2)
    ;(await next(0)).end()
    expect(await slow).toBe(1)
  })

  it('writes as many batches of a lane at once as it is told to', async () => {
    const two = held({ bounds: { ...BOUNDS, batchesAtOnce: 2 } })
    const answers = [two.group.submit('a', { id: 1 })]
    await two.next(0)
    answers.push(two.group.submit('a', { id: 2 }))
    await two.next(1)
    answers.push(two.group.submit('a', { id: 3 }))
    await nextTurn()
    expect(two.batches).toHaveLength(2)
    await endAll(two, 3)
    expect(await Promise.all(answers)).toEqual([1, 2, 3])
  })

  it.each([
    ['items', { id: 99, count: 11 }],
    ['bytes', { id: 99, bytes: 1001 }],
  ])('refuses at once, with a time to try again, what would make too many %s wait', async (_what, heavy) => {
    const { group, next } = held()
    const answers = [group.submit('a', { id: 1 })]
    await next(0)
    answers.push(group.submit('a', { id: 2, count: 10, bytes: 1000 }))
    expect(() => group.submit('a', heavy)).toThrow(
      expect.objectContaining({ kind: 'unavailable', retryAfterSeconds: 1 }),
    )
    answers.push(group.submit('a', { id: 3 }))
    await endAll({ next }, 3)
    expect(await Promise.all(answers)).toEqual([1, 2, 3])
  })

  it('refuses a lane more than it may have, and takes it when one has gone', async () => {
    const { group, next } = held()
    const answers = ['a', 'b', 'c'].map((lane, id) => group.submit(lane, { id }))
    expect(() => group.submit('d', { id: 9 })).toThrow(expect.objectContaining({ kind: 'unavailable' }))
    await endAll({ next }, 3)
    await Promise.all(answers)
    await nextTurn()
    const late = group.submit('d', { id: 9 })
    ;(await next(3)).end()
    expect(await late).toBe(9)
  })

  it('refuses a newcomer where the first in the queue has waited too long', async () => {
    let now = 0
    const { group, next } = held({ now: () => now })
    const first = group.submit('a', { id: 1 })
    now = 5001
    expect(() => group.submit('a', { id: 2 })).toThrow(expect.objectContaining({ kind: 'unavailable' }))
    ;(await next(0)).end()
    expect(await first).toBe(1)
  })

  it('tells every caller of a batch that it failed', async () => {
    const { group, next } = held()
    const answers = [group.submit('a', { id: 1 }), group.submit('a', { id: 2, isBad: true })]
    ;(await next(0)).end()
    const settled = await Promise.allSettled(answers)
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('fails a bad item alone where failed batches are committed item by item', async () => {
    const { group, next } = held({ retrySingly: () => true })
    const answers = [
      group.submit('a', { id: 1 }),
      group.submit('a', { id: 2, isBad: true }),
      group.submit('a', { id: 3 }),
    ]
    const settled = Promise.allSettled(answers)
    await endAll({ next }, 4)
    expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  it('gives a caller its own failure out of a batch that was committed', async () => {
    const failure = new Failure('conflict', 'Not enough credit.')
    const { group } = held({
      commit: (batch) => Promise.resolve(batch.map(({ id, isBad }) => (isBad ? failure : id))),
    })
    const settled = await Promise.allSettled([group.submit('a', { id: 1, isBad: true }), group.submit('a', { id: 2 })])
    expect(settled).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'fulfilled', value: 2 },
    ])
  })

  it('commits nothing twice when a batch is answered with too few results', async () => {
    const committed: number[] = []
    const { group } = held({
      retrySingly: () => true,
      commit: (batch) => {
        committed.push(...batch.map(({ id }) => id))
        return Promise.resolve([])
      },
    })
    const settled = await Promise.allSettled([group.submit('a', { id: 1 }), group.submit('a', { id: 2 })])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(committed).toEqual([1, 2])
  })

  it('withdraws what waits when its caller leaves, and no other', async () => {
    const { group, next, batches } = held()
    const leaving = new AbortController()
    const answers = [group.submit('a', { id: 1 })]
    await next(0)
    const left = group.submit('a', { id: 2 }, leaving.signal)
    answers.push(group.submit('a', { id: 3 }))
    leaving.abort(new Failure('cancelled', 'The caller left.'))
    await expect(left).rejects.toMatchObject({ kind: 'cancelled' })
    await endAll({ next }, 2)
    expect(await Promise.all(answers)).toEqual([1, 3])
    expect(batches.flatMap(({ ids }) => ids)).toEqual([1, 3])
    expect(() => group.submit('a', { id: 4 }, leaving.signal)).toThrow('The caller left.')
  })

  it('answers a caller that leaves during the commit with what became of it', async () => {
    const { group, next } = held()
    const leaving = new AbortController()
    const answer = group.submit('a', { id: 1 }, leaving.signal)
    const { end, signal } = await next(0)
    leaving.abort()
    expect(signal.aborted).toBe(false)
    end()
    expect(await answer).toBe(1)
  })

  it('drains: what waits and what still arrives is committed', async () => {
    const { group, next } = held()
    await group.drain(60)
    const answers = [group.submit('a', { id: 1 })]
    await next(0)
    let isDrained = false
    const drained = group.drain(60).then(() => {
      isDrained = true
    })
    answers.push(group.submit('a', { id: 2 }))
    ;(await next(0)).end()
    ;(await next(1)).end()
    expect(isDrained).toBe(false)
    expect(await Promise.all(answers)).toEqual([1, 2])
    await drained
  })

  it('refuses what still waits at the end of the time to drain, and asks the commits in flight to stop', async () => {
    const { group, next } = held()
    const first = group.submit('a', { id: 1 })
    const { signal, end } = await next(0)
    const second = group.submit('a', { id: 2 })
    const drained = group.drain(0)
    await expect(second).rejects.toMatchObject({ kind: 'unavailable' })
    expect(signal.aborted).toBe(true)
    expect(() => group.submit('b', { id: 3 })).toThrow(expect.objectContaining({ kind: 'unavailable' }))
    end()
    expect(await first).toBe(1)
    await drained
  })
})

const Step = fc.record({
  lane: fc.constantFrom('a', 'b', 'c', 'd'),
  count: fc.integer({ min: 1, max: 12 }),
  bytes: fc.integer({ min: 0, max: 1200 }),
  isBad: fc.boolean(),
  leavesAfter: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  turns: fc.integer({ min: 0, max: 2 }),
})

it('commits every accepted item once, in order, within the bounds, and answers each caller with its own result', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(Step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 2 }),
      async (steps, batchesAtOnce) => {
        const seen = await play(steps, { ...BOUNDS, batchesAtOnce })
        expect(seen.problems).toEqual([])
        for (const { id, isBad, outcome, wasLeft } of seen.answers) {
          const times = seen.committed.filter((one) => one === id).length
          if (outcome === id) expect([times, isBad]).toEqual([1, false])
          else if (outcome === 'bad') expect([times, isBad]).toEqual([0, true])
          else expect([times, outcome === 'refused' || wasLeft]).toEqual([0, true])
        }
        if (batchesAtOnce === 1) {
          for (const lane of ['a', 'b', 'c', 'd']) {
            const order = seen.committed.filter((id) => steps[id]?.lane === lane)
            expect(order).toEqual(seen.submitted.filter((id) => order.includes(id)))
          }
        }
      },
    ),
    { numRuns: 300 },
  )
})

/** Submits the steps one after the other while commits take a turn or two, and watches that the bounds hold. */
async function play(
  steps: readonly {
    readonly lane: string
    readonly count: number
    readonly bytes: number
    readonly isBad: boolean
    readonly leavesAfter: number | undefined
    readonly turns: number
  }[],
  bounds: GroupCommitBounds,
) {
  const problems: string[] = []
  const submitted: number[] = []
  const committed: number[] = []
  const inFlight = new Map<string, number>()
  const group = groupCommit<Item & { readonly lane: string }, number>({
    items: 'items',
    bounds,
    weigh: ({ count = 1, bytes = 0 }) => ({ count, bytes }),
    now: () => 0,
    retrySingly: () => true,
    async commit(batch) {
      const lanes = new Set(batch.map(({ lane }) => lane))
      const lane = batch[0]?.lane ?? ''
      if (lanes.size !== 1) problems.push('a batch of several lanes')
      inFlight.set(lane, (inFlight.get(lane) ?? 0) + 1)
      if ((inFlight.get(lane) ?? 0) > (bounds.batchesAtOnce ?? 1)) problems.push('too many batches at once')
      const weight = batch.reduce((sum, item) => sum + (item.count ?? 0), 0)
      const bytes = batch.reduce((sum, item) => sum + (item.bytes ?? 0), 0)
      const isHeavy = weight > bounds.batchMax.count || bytes > bounds.batchMax.bytes
      if (batch.length > 1 && isHeavy) problems.push('a batch that is too heavy')
      await nextTurn()
      inFlight.set(lane, (inFlight.get(lane) ?? 0) - 1)
      if (batch.some(({ isBad }) => isBad)) throw new Error('a bad item')
      committed.push(...batch.map(({ id }) => id))
      return batch.map(({ id }) => id)
    },
  })
  const answers = steps.map(async ({ lane, count, bytes, isBad, leavesAfter, turns }, id) => {
    for (let turn = 0; turn < turns; turn++) await nextTurn()
    const leaving = new AbortController()
    submitted.push(id)
    const submit = async () => group.submit(lane, { id, lane, count, bytes, isBad }, leaving.signal)
    const answer = submit().catch((error: unknown) => {
      if (error instanceof Failure) return error.kind === 'unavailable' ? 'refused' : 'left'
      return error instanceof Error && error.message === 'a bad item' ? 'bad' : 'unknown'
    })
    for (let turn = 0; turn < (leavesAfter ?? 0); turn++) await nextTurn()
    if (leavesAfter !== undefined) leaving.abort(new Failure('cancelled', 'The caller left.'))
    return { id, isBad, wasLeft: leavesAfter !== undefined, outcome: await answer }
  })
  const all = await Promise.all(answers)
  await group.drain(60)
  return { answers: all, submitted, committed, problems }
}
