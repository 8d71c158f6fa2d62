import { expect, it } from 'vitest'
import { wilsonInterval } from './wilson-interval.ts'

it.each([
  // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])('%i of %i at 95 %% lies between %f and %f, as published', (hits, trials, low, high) => {
  const interval = wilsonInterval(hits, trials, 0.95)
  expect(interval.low).toBeCloseTo(low, 3)
  expect(interval.high).toBeCloseTo(high, 3)
})

it('a higher level gives a wider interval', () => {
  const [narrow, wide] = [wilsonInterval(3, 10, 0.7), wilsonInterval(3, 10, 0.95)]
  expect(wide.low).toBeLessThan(narrow.low)
  expect(wide.high).toBeGreaterThan(narrow.high)
})
