import { notEnoughData } from '../record/not-enough-data.ts'
import { roundShare } from '../record/rounding.ts'
import type { AnalyzeEngagementPatternsOutput } from './pattern-contract.ts'
import type { PatternOutcome } from './store/patterns.ts'
import { wilsonInterval } from './wilson-interval.ts'

/** The number of days between the end of the analysed period and today, when outcomes are read. */
export const OUTCOME_DAYS = 30
const CUSTOMERS_MIN = 5

type Insights = NonNullable<AnalyzeEngagementPatternsOutput['predictive_insights']>

/**
 * Patterns whose customers were later lost (at risk or churned today) more, or less, often than other customers. A
 * pattern is reported only if the Wilson interval of its share, at confidence `level`, excludes the others' share.
 * Strongest difference first.
 */
export function predictiveInsights(outcomes: readonly PatternOutcome[], level: number): Insights {
  const compared = outcomes.filter((row) => row.customers >= CUSTOMERS_MIN && row.others >= CUSTOMERS_MIN)
  if (compared.length === 0) {
    return notEnoughData(
      `${CUSTOMERS_MIN} customers with a score that showed a pattern ${OUTCOME_DAYS} days ago, and as many that did not`,
    )
  }
  const significant = compared.flatMap((row) => {
    const share = row.lost / row.customers
    const othersShare = row.others_lost / row.others
    const { low, high } = wilsonInterval(row.lost, row.customers, level)
    if (low <= othersShare && othersShare <= high) return []
    return [{ row, share, othersShare, low, high }]
  })
  return {
    status: 'observed',
    method: `share of the customers with a pattern ${OUTCOME_DAYS} days ago that is at risk or churned today; Wilson interval at ${level}`,
    patterns_compared: compared.length,
    insights: significant
      .toSorted((a, b) => Math.abs(b.share - b.othersShare) - Math.abs(a.share - a.othersShare))
      .map(({ row, share, othersShare, low, high }) => ({
        pattern: row.pattern,
        customers: row.customers,
        share_lost: roundShare(share),
        interval: [roundShare(low), roundShare(high)],
        others: row.others,
        others_share_lost: roundShare(othersShare),
      })),
  }
}
