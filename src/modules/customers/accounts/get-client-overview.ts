import { query } from '#kernel/calls/operation'
import { daysUntil } from '../record/days.ts'
import { fromCents } from '../record/money.ts'
import { percent, roundScore } from '../record/rounding.ts'
import { insightsOf } from './overview-insights.ts'
import type { OverviewThresholds } from './overview-insights.ts'
import { customerTags } from '../record/cache-tags.ts'
import { GetClientOverviewInput, GetClientOverviewOutput } from './overview-contract.ts'
import { findOverview } from './store/overview.ts'
import type { OverviewRow } from './store/overview.ts'
import { describeIndicator } from '../risk/risk-indicators.ts'

const TTL_SECONDS = 300
const DAY_MILLISECONDS = 86_400_000

/** The overview of one customer. Cached for at most five minutes; a write to the customer invalidates it. */
export function getClientOverview(thresholds: OverviewThresholds) {
  return query({
    scope: 'customers:read',
    input: GetClientOverviewInput,
    output: GetClientOverviewOutput,
    run(ctx, { client_id }) {
      const options = {
        name: 'customers.overview',
        ttlSeconds: TTL_SECONDS,
        tags: [customerTags.client(client_id), customerTags.overviews, customerTags.all],
      }
      return ctx.cache.getOrLoad(ctx.tenantId, `customers:overview:${client_id}`, options, async () =>
        overview(await findOverview(ctx, client_id), ctx.clock(), thresholds),
      )
    },
  })
}

function overview(row: OverviewRow, now: Date, thresholds: OverviewThresholds): GetClientOverviewOutput {
  return {
    client_overview: {
      identity: {
        client_id: row.client_id,
        client_name: row.client_name,
        company_name: row.company_name,
        industry: row.industry,
        tier: row.tier,
        lifecycle_stage: row.lifecycle_stage,
        status: row.status,
        csm_assigned: row.csm_assigned,
        primary_contact_name: row.primary_contact_name,
        primary_contact_email: row.primary_contact_email,
        customer_since: row.contract_start_date,
        version: row.version,
      },
      onboarding: { milestones_reached: row.milestones, last_milestone: row.last_milestone },
      engagement: engagement(row, now),
      support: {
        open_tickets: row.open_tickets,
        urgent_open: row.urgent_open,
        opened_last_30_days: row.recent_tickets,
        satisfaction_percent: roundScore(row.answers_percent),
        survey_answers: row.answers,
      },
      product_usage: {
        active_days_last_30: row.active_days,
        events_last_30_days: row.events,
        events_30_days_before: row.events_before,
        most_users_in_a_day: row.peak_users,
        users_provisioned: row.seats,
        last_used_on: row.last_used_on,
      },
      revenue: revenue(row, now, thresholds),
      communication: { last_event: row.last_title, last_event_at: row.last_title_at?.toISOString() ?? null },
      risks: row.risks.map((risk) => ({
        indicator: risk.name,
        severity: risk.severity,
        description: describeIndicator(risk.name, risk.current, risk.threshold),
        detected_at: new Date(risk.detected_at).toISOString(),
      })),
      opportunities: opportunities(row, thresholds),
      recent_activity: row.recent.map(({ at, ...event }) => ({ ...event, timestamp: new Date(at).toISOString() })),
    },
    ...insightsOf(row, thresholds),
  }
}

function engagement(row: OverviewRow, now: Date): GetClientOverviewOutput['client_overview']['engagement'] {
  const instants = [row.last_engagement_at, row.last_contacted_at].flatMap((instant) => instant?.getTime() ?? [])
  const last = instants.length === 0 ? null : Math.max(...instants)
  return {
    last_contact_at: last === null ? null : new Date(last).toISOString(),
    days_since_contact: last === null ? null : Math.max(0, Math.floor((now.getTime() - last) / DAY_MILLISECONDS)),
    contacts: row.contacts,
    champions: row.champions,
  }
}

function revenue(
  row: OverviewRow,
  now: Date,
  thresholds: OverviewThresholds,
): GetClientOverviewOutput['client_overview']['revenue'] {
  const value = fromCents(row.contract_value_cents)
  return {
    contract_value: value,
    currency: row.currency,
    is_high_value: value >= thresholds.highValueFrom,
    contract_end_date: row.contract_end_date,
    renewal_date: row.renewal_date,
    days_until_renewal: daysUntil(row.renewal_date, now),
    auto_renew: row.auto_renew,
    payments_overdue: row.payments_overdue,
    amount_overdue: fromCents(row.overdue_cents),
  }
}

/** Opportunities to sell more, each with the stored figure behind it. */
function opportunities(row: OverviewRow, thresholds: OverviewThresholds): string[] {
  const found: string[] = []
  if (row.seats !== null && row.peak_users >= row.seats * SEATS_NEARLY_FULL && row.peak_users > 0) {
    found.push(`${row.peak_users} of ${row.seats} seats in use on the busiest day: offer more seats`)
  }
  const isGrowing = row.events_before > 0 && row.events >= row.events_before * GROWTH
  if (isGrowing) found.push(`Usage up ${percent(row.events / row.events_before - 1)} on the 30 days before`)
  if (row.health_score !== null && row.health_score >= thresholds.championFrom) {
    found.push(`Health ${row.health_score}: ask for a reference or a case study`)
  }
  return found
}

const SEATS_NEARLY_FULL = 0.9
const GROWTH = 1.2
