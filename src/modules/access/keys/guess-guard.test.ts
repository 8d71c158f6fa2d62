import { describe, expect, it } from 'vitest'
import { OverLimit } from '#kernel/calls/limits'
import { guessGuard } from './guess-guard.ts'

function table(perMinute: number) {
  const state = { now: 0, lookUps: 0, running: 0, runningMax: 0 }
  const guard = guessGuard({ perMinute, milliseconds: () => state.now })
  const guess = async (address: string, found: string | undefined) => {
    const lookUp = async () => {
      state.lookUps++
      state.runningMax = Math.max(state.runningMax, ++state.running)
      await Promise.resolve()
      state.running--
      return found
    }
    return guard(address, lookUp, (one) => one !== undefined).catch((error: unknown) => {
      if (error instanceof OverLimit) return 'refused'
      throw error
    })
  }
  return { state, guess }
}

describe('unknown credentials of one address', () => {
  it('are looked up so many times a minute, and then refused before any look-up', async () => {
    const { state, guess } = table(5)
    const outcomes: (string | undefined)[] = []
    for (let at = 0; at < 50; at++) outcomes.push(await guess('192.0.2.1', undefined))
    expect(outcomes.filter((one) => one === 'refused')).toHaveLength(45)
    expect(state.lookUps).toBe(5)
    state.now = 60_000
    expect(await guess('192.0.2.1', undefined)).toBeUndefined()
  })

  it('that come all at once cost little more than the limit', async () => {
    const { state, guess } = table(20)
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => guess('192.0.2.1', undefined)))
    expect(outcomes.filter((one) => one === 'refused').length).toBeGreaterThanOrEqual(470)
    expect(state.lookUps).toBeLessThanOrEqual(28)
    expect(state.runningMax).toBeLessThanOrEqual(8)
  })

  it('leave other addresses alone, and an IPv6 customer is one address', async () => {
    const { guess } = table(1)
    await guess('2001:db8::1', undefined)
    expect(await guess('2001:db8::2', undefined)).toBe('refused')
    expect(await guess('2001:db8:0:1::2', undefined)).toBeUndefined()
  })
})

describe('known credentials', () => {
  it('are never refused for their number: 500 behind one address are all let in', async () => {
    const { guess } = table(5)
    const outcomes = await Promise.all(Array.from({ length: 500 }, (_, at) => guess('192.0.2.1', `key ${at}`)))
    expect(outcomes).toEqual(Array.from({ length: 500 }, (_, at) => `key ${at}`))
  })
})
