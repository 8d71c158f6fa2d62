import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openFairSlots, slotLimits } from './fair-slots.ts'
import type { Claimant, Release } from './fair-slots.ts'

const of = (tenantId: string, callerId = 'one'): Claimant => ({ tenantId, callerId })

/** Slots whose turns are noted in order. */
function noted(limits: Parameters<typeof openFairSlots>[0]) {
  const fair = openFairSlots(limits)
  const turns: { who: string; release: Release }[] = []
  const ask = (claimant: Claimant) => {
    const who = `${claimant.tenantId}/${claimant.callerId}`
    const taken = fair.take(claimant)
    if (typeof taken === 'function') turns.push({ who, release: taken })
    else void taken?.turn.then((release) => turns.push({ who, release }))
    return taken
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return { fair, turns, ask, settled }
}

describe('fair slots', () => {
  it('leave slots for another tenant, and for another caller of the same', () => {
    const { turns, ask } = noted({ slots: 10, perTenant: 8, perCaller: 6, waitingPerCaller: 100 })
    for (let request = 0; request < 20; request++) ask(of('busy'))
    expect(turns).toHaveLength(6)
    for (let request = 0; request < 20; request++) ask(of('busy', 'two'))
    expect(turns.map(({ who }) => who).filter((who) => who === 'busy/two')).toHaveLength(2)
    ask(of('quiet'))
    expect(turns.at(-1)?.who).toBe('quiet/one')
  })

  it('go in turn to tenants and to callers, not to the longest queue', async () => {
    const { turns, ask, settled } = noted({ slots: 1, perTenant: 1, perCaller: 1, waitingPerCaller: 100 })
    for (let request = 0; request < 4; request++) ask(of('a', 'x'))
    ask(of('a', 'y'))
    ask(of('b'))
    ask(of('b'))
    const order: string[] = []
    for (let next = turns.shift(); next !== undefined; next = turns.shift()) {
      order.push(next.who)
      next.release()
      await settled()
    }
    expect(order).toEqual(['a/x', 'a/x', 'b/one', 'a/y', 'b/one', 'a/x', 'a/x'])
  })

  it('refuse a caller of whom too many wait, and nobody else', () => {
    const { ask } = noted({ slots: 1, perTenant: 1, perCaller: 1, waitingPerCaller: 2 })
    expect([ask(of('a')), ask(of('a')), ask(of('a'))].every((taken) => taken !== undefined)).toBe(true)
    expect(ask(of('a'))).toBeUndefined()
    expect(ask(of('a', 'two'))).toBeDefined()
  })

  it('skip whoever has left', async () => {
    const { fair, turns, ask, settled } = noted({ slots: 1, perTenant: 1, perCaller: 1, waitingPerCaller: 9 })
    ask(of('a'))
    const left = ask(of('b'))
    ask(of('c'))
    if (left === undefined || typeof left === 'function') throw new Error('b waits')
    expect([left.leave(), left.leave()]).toEqual([true, false])
    turns[0]?.release()
    await settled()
    expect(turns.map(({ who }) => who)).toEqual(['a/one', 'c/one'])
    expect(fair.waiting()).toBe(0)
  })

  it.each([
    [1, 1, 1],
    [2, 1, 1],
    [5, 4, 3],
    [10, 8, 6],
    [100, 80, 60],
  ])('of %i: at most %i for a tenant and %i for a caller', (slots, perTenant, perCaller) => {
    expect(slotLimits(slots)).toMatchObject({ slots, perTenant, perCaller })
  })

  it('are never held by more than they may be, and never free while somebody may take one', async () => {
    const requests = fc.array(
      fc.record({ tenant: fc.constantFrom('a', 'b', 'c'), caller: fc.constantFrom('x', 'y') }),
      {
        maxLength: 40,
      },
    )
    await fc.assert(
      fc.asyncProperty(requests, fc.array(fc.nat(), { maxLength: 60 }), async (asked, releases) => {
        const limits = { slots: 4, perTenant: 3, perCaller: 2, waitingPerCaller: 100 }
        const { fair, turns, ask, settled } = noted(limits)
        const held: typeof turns = []
        const check = () => {
          held.push(...turns.splice(0))
          const count = (prefix: string) => held.filter(({ who }) => who.startsWith(prefix)).length
          expect(held.length).toBeLessThanOrEqual(limits.slots)
          for (const tenant of ['a', 'b', 'c']) {
            expect(count(tenant)).toBeLessThanOrEqual(limits.perTenant)
            for (const caller of ['x', 'y']) expect(count(`${tenant}/${caller}`)).toBeLessThanOrEqual(limits.perCaller)
          }
        }
        for (const { tenant, caller } of asked) ask(of(tenant, caller))
        check()
        for (const at of releases) {
          held.splice(at % Math.max(1, held.length), 1)[0]?.release()
          await settled()
          check()
        }
        // Everybody is served in the end.
        while (held.length > 0) {
          held.shift()?.release()
          await settled()
          check()
        }
        expect(fair.waiting()).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})
