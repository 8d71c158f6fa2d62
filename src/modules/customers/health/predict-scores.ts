import { addDays, daysBetween } from '../record/days.ts'
import { roundScore } from '../record/rounding.ts'

export interface DatedScore {
  readonly day: string
  readonly score: number
}

const SCORES_MIN = 5
const SPAN_DAYS_MIN = 21
const WEEKS = 12

export interface Fit {
  readonly status: 'fitted'
  /** The forecasting method and the number of scores it is based on. */
  readonly method: string
  readonly points_per_week: number
  readonly weeks: readonly DatedScore[]
}

/**
 * A linear least-squares fit through the stored scores, extrapolated for twelve weeks and clamped to 0–100. Undefined
 * with fewer than five scores or less than three weeks of them. `history` is ordered by day.
 */
export function predictScores(history: readonly DatedScore[], today: string): Fit | undefined {
  const [first, last] = [history[0], history.at(-1)]
  if (first === undefined || last === undefined || history.length < SCORES_MIN) return undefined
  if (daysBetween(first.day, last.day) < SPAN_DAYS_MIN) return undefined

  const days = history.map(({ day }) => daysBetween(today, day))
  const meanDay = mean(days)
  const meanScore = mean(history.map(({ score }) => score))
  let covariance = 0
  let variance = 0
  for (const [at, day] of days.entries()) {
    covariance += (day - meanDay) * ((history[at]?.score ?? 0) - meanScore)
    variance += (day - meanDay) ** 2
  }
  const perDay = covariance / variance
  const at = (day: number) => Math.min(100, Math.max(0, meanScore + perDay * (day - meanDay)))
  return {
    status: 'fitted',
    method: `least squares over ${history.length} stored scores since ${first.day}`,
    points_per_week: roundScore(perDay * 7),
    weeks: Array.from({ length: WEEKS }, (_, week) => {
      const ahead = (week + 1) * 7
      return { day: addDays(today, ahead), score: roundScore(at(ahead)) }
    }),
  }
}

export const PREDICTION_NEEDS = `at least ${SCORES_MIN} stored scores over ${SPAN_DAYS_MIN} days`

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
