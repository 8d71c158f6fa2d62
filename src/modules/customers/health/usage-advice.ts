import type { Cohorts, UsageTotals } from './store/usage.ts'

interface Observed {
  readonly totals: UsageTotals
  readonly cohorts: Cohorts | undefined
  /** Against the period before; null when there was no use then. */
  readonly change: number | null
  readonly dropShare: number
}

const ERROR_SHARE_HIGH = 0.05
const SEATS_IDLE_SHARE = 0.5

/** What the figures of a period call for. */
export function usageAdvice(seen: Observed): { recommendations: string[]; alerts: string[] } {
  return { recommendations: recommendations(seen), alerts: alerts(seen) }
}

function alerts({ totals, change, dropShare }: Observed): string[] {
  const found: string[] = []
  if (totals.events === 0) found.push('No use in the period')
  else if (change !== null && change <= -dropShare) found.push(`Usage down ${percent(-change)} on the period before`)
  if (totals.errors > totals.events * ERROR_SHARE_HIGH) {
    found.push(`${percent(totals.errors / Math.max(1, totals.events))} of events were errors`)
  }
  return found
}

function recommendations({ totals, cohorts }: Observed): string[] {
  const found: string[] = []
  if (totals.events === 0) found.push('Check that usage is connected; if it is, call the customer')
  if (totals.seats !== null && totals.users_named && totals.users < totals.seats * SEATS_IDLE_SHARE) {
    found.push(`${totals.users} of ${totals.seats} seats were used: invite and train the others`)
  }
  if (cohorts !== undefined && cohorts.lost > 0) {
    found.push(`${cohorts.lost} people of the period before did not come back: ask why`)
  }
  if (cohorts !== undefined && cohorts.power === 1 && totals.users > 1) {
    found.push('One person carries the use: develop a second champion')
  }
  return found
}

const percent = (share: number) => `${Math.round(share * 100)} %`
