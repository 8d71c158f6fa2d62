import { notEnoughData } from '../record/not-enough-data.ts'
import { roundTo } from '../record/rounding.ts'
import type { HealthOutput } from './score-contract.ts'
import { COMPONENTS, renormalise } from './health-weights.ts'
import type { Component, PerComponent } from './health-weights.ts'
import type { ScoredRow } from './store/score.ts'

type Explained = HealthOutput['component_scores'][Component]

/** Explains each component: value, weight, contribution, data source and the time of the newest data. */
export function explainComponents(row: ScoredRow, weights: PerComponent<number>): PerComponent<Explained> {
  const values = valuesOf(row)
  const used = renormalise(weights, values)
  const explain = (component: Component): Explained => {
    const value = values[component]
    if (value === null) return notEnoughData(MISSING[component])
    return {
      status: 'known',
      value,
      weight: used[component],
      contribution: roundTo(value * used[component], 2),
      source: SOURCES[component](row),
      as_of: asOf(component, row),
    }
  }
  return {
    usage: explain('usage'),
    engagement: explain('engagement'),
    support: explain('support'),
    satisfaction: explain('satisfaction'),
    payment: explain('payment'),
  }
}

export function valuesOf(row: ScoredRow): PerComponent<number | null> {
  return {
    usage: row.usage_score,
    engagement: row.engagement_score,
    support: row.support_score,
    satisfaction: row.satisfaction_score,
    payment: row.payment_score,
  }
}

export function missingComponents(row: ScoredRow): Component[] {
  const values = valuesOf(row)
  return COMPONENTS.filter((component) => values[component] === null)
}

const MISSING: PerComponent<string> = {
  usage: 'no usage event has been recorded; record them with track_usage_engagement, POST /v1/batch or an import',
  engagement: 'no contact has been recorded (a contact’s last_contacted_at)',
  support: 'no open or recent ticket, and no usage in the window: without usage, the absence of tickets says nothing',
  satisfaction: 'no NPS, CSAT or CES answer within the window',
  payment: 'no payment due in the last year and no contract with a payment status',
}

const SOURCES: PerComponent<(row: ScoredRow) => string> = {
  usage: (row) =>
    `daily usage: ${row.active_days} active days, ${row.events} events (${row.events_before} in the window before), at most ${row.active_users_peak} people a day${row.seats === null ? '' : ` of ${row.seats} seats`}`,
  engagement: (row) => `contacts: last contact ${Math.floor(row.silent_days ?? 0)} days ago`,
  support: (row) =>
    `tickets: ${row.open_tickets} open, ${row.urgent_tickets} of them urgent; ${row.tickets} opened (${row.tickets_before} in the window before), ${row.escalated_tickets} escalated`,
  satisfaction: (row) => `surveys: ${row.answers} answers, each scaled to 0–100`,
  payment: (row) =>
    `payments and contracts: ${row.overdue_days > 0 ? `overdue for ${row.overdue_days} days` : 'nothing overdue'}${row.paid_late ? ', paid late or on a plan' : ''}`,
}

function asOf(component: Component, row: ScoredRow): string | null {
  const instants: PerComponent<string | null> = {
    usage: row.last_used_on,
    engagement: row.last_contact_at?.toISOString() ?? null,
    support: row.as_of,
    satisfaction: row.last_answer_at?.toISOString() ?? null,
    payment: row.last_due_on,
  }
  return instants[component]
}
