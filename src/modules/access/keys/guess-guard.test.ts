import { describe, expect, it } from 'vitest'
import { OverLimit } from '#kernel/calls/limits'
import { guessGuard } from './guess-guard.ts'

function limitedTo(perMinute: number) {
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

describe('invalid credentials of one address', () => {
  it('are refused without a look-up once the limit per minute is reached', async () => {
    const { state, guess } = limitedTo(5)
    const outcomes: (string | undefined)[] = []
    for (let at = 0; at < 50; at++) outcomes.push(await guess('192.0.2.1', undefined))
    expect(outcomes.filter((one) => one === 'refused')).toHaveLength(45)
    expect(state.lookUps).toBe(5)
    state.now = 60_000
    expect(await guess('192.0.2.1', undefined)).toBeUndefined()
  })

  it('that arrive concurrently cause few look-ups beyond the limit', async () => {
    const { state, guess } = limitedTo(20)
    const outcomes = await Promise.all(Array.from({ length: 500 }, () => guess('192.0.2.1', undefined)))
    expect(outcomes.filter((one) => one === 'refused').length).toBeGreaterThanOrEqual(470)
    expect(state.lookUps).toBeLessThanOrEqual(28)
    expect(state.runningMax).toBeLessThanOrEqual(8)
  })

  it('do not affect other addresses, and an IPv6 /64 network counts as one address', async () => {
    const { guess } = limitedTo(1)
    await guess('2001:db8::1', undefined)
    expect(await guess('2001:db8::2', undefined)).toBe('refused')
    expect(await guess('2001:db8:0:1::2', undefined)).toBeUndefined()
  })
})

describe('valid credentials', () => {
  it('are not limited: 500 concurrent ones from one address are all accepted', async () => {
    const { guess } = limitedTo(5)
    const outcomes = await Promise.all(Array.from({ length: 500 }, (_, at) => guess('192.0.2.1', `key ${at}`)))
    expect(outcomes).toEqual(Array.from({ length: 500 }, (_, at) => `key ${at}`))
  })
})
