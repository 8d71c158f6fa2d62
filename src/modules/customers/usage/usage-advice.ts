import { daysBetween } from '../record/days.ts'
import { percent } from '../record/rounding.ts'
import type { Cohorts, Period, UsageTotals } from './store/usage.ts'

interface Observed {
  readonly totals: UsageTotals
  readonly cohorts: Cohorts | undefined
  /** The change from the preceding period; null if unknown. */
  readonly change: number | null
  readonly period: Pick<Period, 'end' | 'days'>
  readonly dropShare: number
}

const ERROR_SHARE_HIGH = 0.05
const SEATS_IDLE_SHARE = 0.5
/** Periods under two weeks are not compared by halves: halves shorter than a week differ by their weekends. */
const HALVES_DAYS_MIN = 14
/** The same number of days as in the engagement rule `stopped`. */
const STOPPED_DAYS = 14

/** Recommendations and alerts derived from a period's figures. */
export function usageAdvice(seen: Observed): { recommendations: string[]; alerts: string[] } {
  return { recommendations: recommendations(seen), alerts: alerts(seen) }
}

function alerts({ totals, change, period, dropShare }: Observed): string[] {
  const found: string[] = []
  if (totals.events === 0) found.push('No use in the period')
  else if (change !== null && change <= -dropShare)
    found.push(`Usage down ${percent(-change)} from the preceding period`)
  found.push(...declineWithin(totals, period, dropShare))
  if (totals.errors > totals.events * ERROR_SHARE_HIGH) {
    found.push(`${percent(totals.errors / Math.max(1, totals.events))} of events were errors`)
  }
  return found
}

/** Detects usage that stopped or fell within the period, which the total does not show. */
function declineWithin(totals: UsageTotals, { end, days }: Observed['period'], dropShare: number): string[] {
  if (totals.last_day === null) return []
  const silentDays = daysBetween(totals.last_day, end)
  if (silentDays >= STOPPED_DAYS) return [`No use in the last ${silentDays} days of the period`]
  const { events_earlier_half: earlier, events_later_half: later } = totals
  if (days < HALVES_DAYS_MIN || earlier === 0 || later > earlier * (1 - dropShare)) return []
  return [`Usage down ${percent(1 - later / earlier)} from the first half of the period to the second`]
}

function recommendations({ totals, cohorts }: Observed): string[] {
  const found: string[] = []
  if (totals.events === 0) found.push('Check that usage is connected; if it is, call the customer')
  if (totals.seats !== null && totals.users_named && totals.users < totals.seats * SEATS_IDLE_SHARE) {
    found.push(`${totals.users} of ${totals.seats} seats were used: invite and train the others`)
  }
  if (cohorts !== undefined && cohorts.lost > 0) {
    found.push(`${cohorts.lost} users of the preceding period did not return: ask why`)
  }
  if (cohorts !== undefined && cohorts.power === 1 && totals.users > 1) {
    found.push('Only one user is a power user: develop a second champion')
  }
  return found
}
