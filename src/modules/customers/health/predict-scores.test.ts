import fc from 'fast-check'
import { expect, it } from 'vitest'
import { addDays } from '../record/days.ts'
import { predictScores } from './predict-scores.ts'

const TODAY = '2026-11-20'
const weekly = (scores: readonly number[]) =>
  scores.map((score, index) => ({ day: addDays(TODAY, (index + 1 - scores.length) * 7), score }))

it('extrapolates a straight line by week', () => {
  const fit = predictScores(weekly([90, 88, 86, 84, 82]), TODAY)
  expect(fit).toMatchObject({ points_per_week: -2, method: 'least squares over 5 stored scores since 2026-10-23' })
  expect(fit?.weeks.slice(0, 3)).toEqual([
    { day: '2026-11-27', score: 80 },
    { day: '2026-12-04', score: 78 },
    { day: '2026-12-11', score: 76 },
  ])
})

it('predicts nothing from fewer than five scores, or less than three weeks', () => {
  expect(predictScores(weekly([90, 80, 70, 60]), TODAY)).toBeUndefined()
  const days = [5, 4, 3, 2, 1].map((back) => ({ day: addDays(TODAY, -back), score: 50 }))
  expect(predictScores(days, TODAY)).toBeUndefined()
})

it('never leaves 0–100', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 5, maxLength: 20 }), (scores) => {
      const fit = predictScores(weekly(scores), TODAY)
      expect(fit?.weeks).toHaveLength(12)
      for (const { score } of fit?.weeks ?? []) {
        expect(score).toBeGreaterThanOrEqual(0)
        expect(score).toBeLessThanOrEqual(100)
      }
    }),
  )
})
