import { expect, it } from 'vitest'
import { seenValues } from './seen-values.ts'

it('every repeated value is detected, also after the table has grown', () => {
  const seen = seenValues()
  const texts = Array.from({ length: 20_000 }, (_, index) => `id-${index}`)
  expect(texts.filter((text) => seen.seenBefore(text))).toEqual([])
  expect(texts.every((text) => seen.seenBefore(text))).toBe(true)
  expect(seen.isComplete).toBe(true)
})

it('beyond its limit no new text is stored, and it is incomplete', () => {
  const seen = seenValues(2)
  expect(['a', 'b', 'c', 'c', 'a'].map((text) => seen.seenBefore(text))).toEqual([false, false, false, false, true])
  expect(seen.isComplete).toBe(false)
})

it('two texts with the same short hash are distinct', () => {
  const seen = seenValues()
  // They have one 53-bit hash (cyrb53).
  expect(['acct-7019365966006016', 'acct-3226686300509948'].map((text) => seen.seenBefore(text))).toEqual([
    false,
    false,
  ])
})

it('long texts that differ in the last character are distinct', () => {
  const seen = seenValues()
  const long = 'x'.repeat(1000)
  expect([`${long}a`, `${long}b`, `${long}a`].map((text) => seen.seenBefore(text))).toEqual([false, false, true])
})
