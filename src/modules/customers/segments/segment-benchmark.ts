import { fromCents } from '../record/money.ts'
import { roundScore, roundShare } from '../record/rounding.ts'
import type { Segment } from './segment-contract.ts'
import type { PartRow } from './store/segments.ts'

/** Averages over one segment, or over all of them. */
interface Benchmark {
  readonly health: number | null
  readonly churn: number | null
  readonly atRiskShare: number
  readonly centsPerCustomer: number
}

/** The averages of all the tenant's customers: the only benchmark for which there is data. */
export function wholeOf(parts: readonly PartRow[]): Benchmark {
  const sum = (of: (part: PartRow) => number) => parts.reduce((total, part) => total + of(part), 0)
  const customers = Math.max(
    1,
    sum((part) => part.customers),
  )
  const scored = sum((part) => part.scored)
  const mean = (of: (part: PartRow) => number | null) =>
    scored === 0 ? null : sum((part) => (of(part) ?? 0) * part.scored) / scored
  return {
    health: mean((part) => part.average_health),
    churn: mean((part) => part.average_churn),
    atRiskShare: sum((part) => part.at_risk) / customers,
    centsPerCustomer: sum((part) => part.arr_cents) / customers,
  }
}

/** The differences between a segment and all customers: its figure minus theirs. */
export function againstAll(part: PartRow, whole: Benchmark): NonNullable<Segment['against_all_customers']> {
  const own = wholeOf([part])
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b)
  return {
    average_health: roundScore(less(own.health, whole.health)),
    average_churn_probability: roundShare(less(own.churn, whole.churn)),
    at_risk_share: roundShare(own.atRiskShare - whole.atRiskShare),
    arr_per_customer: fromCents(Math.round(own.centsPerCustomer - whole.centsPerCustomer)),
  }
}
