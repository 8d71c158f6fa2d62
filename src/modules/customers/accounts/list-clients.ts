import { query } from '#kernel/calls/operation'
import { daysUntil } from '../record/days.ts'
import { describeIndicator } from '../risk/risk-indicators.ts'
import { riskLevel } from '../risk/risk-level.ts'
import type { HealthThresholds } from '../risk/risk-level.ts'
import { fromCents } from '../record/money.ts'
import { paginate } from '../record/page.ts'
import { roundScore, roundShare } from '../record/rounding.ts'
import { ListClientsInput, ListClientsOutput } from './contract.ts'
import type { ListedClient } from './contract.ts'
import { listPage, summariseList } from './store/list.ts'
import type { ListedRow } from './store/list.ts'

/** One page of customers, and a summary of all that match. Scores are those of the last computation. */
export function listClients(thresholds: HealthThresholds) {
  return query({
    scope: 'customers:read',
    input: ListClientsInput,
    output: ListClientsOutput,
    run: async (ctx, input) => {
      const rows = await listPage(ctx, input)
      const summary = await summariseList(ctx, input)
      const { tier_filter, lifecycle_stage_filter, health_score_min, health_score_max } = input
      const filters = { tier_filter, lifecycle_stage_filter, health_score_min, health_score_max }
      return {
        clients: rows.map((row) => listed(row, ctx.clock(), thresholds, input.response_format === 'detailed')),
        pagination: paginate(input, rows.length, summary.total),
        filters_applied: Object.fromEntries(
          Object.entries(filters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
        ),
        summary: {
          total_clients: summary.total,
          average_health_score: roundScore(summary.average_score),
          without_health_score: summary.without_score,
          total_arr: arrByCurrency(summary.arr_cents ?? {}),
          total_active_users: summary.active_users,
          lifecycle_breakdown: { ...summary.stages },
        },
      }
    },
  })
}

function listed(row: ListedRow, now: Date, thresholds: HealthThresholds, isDetailed: boolean): ListedClient {
  const concise = {
    client_id: row.client_id,
    client_name: row.client_name,
    health_score: row.health_score,
    risk_level: riskLevel(row.health_score, thresholds),
    churn_probability: roundShare(row.churn_probability),
    top_risk: topRisk(row),
    days_until_renewal: daysUntil(row.renewal_date, now),
  }
  if (!isDetailed) return concise
  return {
    ...concise,
    tier: row.tier,
    lifecycle_stage: row.lifecycle_stage,
    health_trend: row.health_trend,
    contract_value: fromCents(row.contract_value_cents),
    currency: row.currency,
    csm_assigned: row.csm_assigned,
    active_users: row.active_users,
    support_tickets_open: row.support_tickets_open,
  }
}

function topRisk(row: ListedRow): string | null {
  return row.risk_name === null
    ? null
    : describeIndicator(row.risk_name, row.risk_current ?? 0, row.risk_threshold ?? 0)
}

function arrByCurrency(cents: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(cents).map(([currency, sum]) => [currency, fromCents(sum)]))
}
