import { z } from 'zod'
import { roundTo } from '../record/rounding.ts'

/**
 * The model of the churn probability: the logistic function of a sum of log-odds, one per factor. The base and the
 * factors' log-odds (three decimals) are returned, so that anybody can recompute the sum. The log-odds are expert
 * judgement, in proportion to the thresholds in the settings; they were not fitted to data, so no confidence is stated.
 * Any changed value needs a new version. Computed in `store/score-sql.ts`.
 */
export const CHURN_MODEL = { name: 'churn-points', version: '2', kind: 'rule' } as const

/** The base log-odds of churn: a probability of about 6 %, for a customer with a health score of 75. */
export const CHURN_BASE = -2.75

export const CHURN_FACTORS = {
  points_health: ['health', '0.05 for every point of health under 75; less above'],
  points_usage: ['usage_decline', '2 times the share by which usage fell'],
  points_idle: ['usage_stopped', '1 when a product used before was not used at all'],
  points_renewal: ['renewal_near', '0.6 within 90 days of a renewal that is not automatic'],
  points_payment: ['payment_overdue', '0.7 with a payment overdue'],
  points_tickets: ['tickets_rising', '0.4 times the rise of support tickets, at most doubled'],
  points_silence: ['contact_lost', '0.5 after 30 days without contact'],
  points_satisfaction: ['satisfaction_low', '0.6 with survey answers under 50 of 100'],
} as const satisfies Record<keyof ChurnPoints, readonly [factor: string, rule: string]>

const Points = z.number()

/** The log-odds per factor. Those of the health score are null without a score. */
export const ChurnPoints = z.strictObject({
  points_health: Points.nullable(),
  points_usage: Points,
  points_idle: Points,
  points_renewal: Points,
  points_payment: Points,
  points_tickets: Points,
  points_silence: Points,
  points_satisfaction: Points,
})
export type ChurnPoints = z.output<typeof ChurnPoints>

export interface ChurnFactor {
  readonly factor: string
  readonly log_odds: number
  readonly rule: string
}

/** The summands of the log-odds: the base, then the factors by decreasing effect. */
export function churnFactors(points: ChurnPoints): ChurnFactor[] {
  // safe because: the keys of an object literal are its keys.
  const names = Object.keys(CHURN_FACTORS) as (keyof ChurnPoints)[]
  const moved = names
    .map((name) => ({
      factor: CHURN_FACTORS[name][0],
      log_odds: roundTo(points[name] ?? 0, 3),
      rule: CHURN_FACTORS[name][1],
    }))
    .filter(({ log_odds }) => log_odds !== 0)
    .toSorted((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds))
  return [{ factor: 'base', log_odds: CHURN_BASE, rule: 'every customer, before any factor' }, ...moved]
}
