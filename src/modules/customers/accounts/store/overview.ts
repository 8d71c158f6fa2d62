import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { clientNotFound } from '../../record/client-not-found.ts'
import type { RiskLevel } from '../../record/contract.ts'
import { CUSTOMER_COLUMNS } from '../../record/store/customers.ts'
import type { CustomerRow } from '../../record/store/customers.ts'

export interface OverviewRow extends CustomerRow {
  readonly health_as_of: Date | null
  readonly milestones: number
  readonly last_milestone: string | null
  readonly contacts: number
  readonly champions: number
  readonly last_contacted_at: Date | null
  readonly open_tickets: number
  readonly urgent_open: number
  readonly recent_tickets: number
  readonly answers: number
  readonly answers_percent: number | null
  readonly active_days: number
  readonly events: number
  readonly events_before: number
  readonly peak_users: number
  readonly last_used_on: string | null
  readonly auto_renew: boolean | null
  readonly payments_overdue: number
  readonly overdue_cents: number
  readonly last_title: string | null
  readonly last_title_at: Date | null
  readonly scores: Readonly<Record<string, number | null>> | null
  readonly risks: readonly StoredRisk[]
  readonly recent: readonly { at: string; event_type: string; title: string; impact: string }[]
}

export interface StoredRisk {
  readonly name: string
  readonly severity: RiskLevel
  readonly current: number
  readonly threshold: number
  readonly detected_at: string
}

const find = statement<OverviewRow>(
  'customers.overview',
  `select ${CUSTOMER_COLUMNS}, c.health_as_of, m.*, p.*, t.*, a.*, u.*, l.last_used_on, k.auto_renew, b.*, e.*,
     h.scores, coalesce(r.risks, '[]') as risks, coalesce(n.recent, '[]') as recent
   from customers.customers c
   cross join lateral (select count(*) as milestones, (array_agg(milestone_name order by achieved_at desc))[1] as last_milestone
     from customers.milestones where tenant_id = $1 and client_id = $2) m
   cross join lateral (select count(*) as contacts, count(*) filter (where is_champion) as champions,
       max(last_contacted_at) as last_contacted_at
     from customers.contacts where tenant_id = $1 and client_id = $2) p
   cross join lateral (select count(*) filter (where status not in ('resolved', 'closed')) as open_tickets,
       count(*) filter (where status not in ('resolved', 'closed') and priority in ('P0', 'P1')) as urgent_open,
       count(*) filter (where opened_at > $3::timestamptz - interval '30 days') as recent_tickets
     from customers.tickets where tenant_id = $1 and client_id = $2) t
   cross join lateral (select count(*) as answers, avg(percent) as answers_percent from customers.survey_answers
     where tenant_id = $1 and client_id = $2 and responded_at > $3::timestamptz - interval '90 days') a
   cross join lateral (select count(*) filter (where day > $4::date - 30) as active_days,
       coalesce(sum(events) filter (where day > $4::date - 30), 0)::bigint as events,
       coalesce(sum(events) filter (where day <= $4::date - 30), 0)::bigint as events_before,
       coalesce(max(active_users) filter (where day > $4::date - 30), 0) as peak_users
     from customers.usage_daily where tenant_id = $1 and client_id = $2 and day > $4::date - 60 and day <= $4::date) u
   left join lateral (select day as last_used_on from customers.usage_daily where tenant_id = $1 and client_id = $2 and day <= $4::date
     order by day desc limit 1) l on true
   cross join lateral (select bool_or(auto_renew) as auto_renew from customers.contracts
     where tenant_id = $1 and client_id = $2 and start_date <= $4::date and coalesce(end_date >= $4::date, true)) k
   cross join lateral (select count(*) as payments_overdue, coalesce(sum(amount_cents), 0)::bigint as overdue_cents
     from customers.payments where tenant_id = $1 and client_id = $2 and due_on < $4::date and status in ('pending', 'failed')) b
   left join lateral (select title as last_title, occurred_at as last_title_at from customers.timeline_events
     where tenant_id = $1 and client_id = $2 and event_type = 'communication' order by occurred_at desc limit 1) e on true
   left join lateral (select jsonb_build_object('usage', usage_score, 'engagement', engagement_score, 'support', support_score,
       'satisfaction', satisfaction_score, 'payment', payment_score, 'weight_usage', weight_usage,
       'weight_engagement', weight_engagement, 'weight_support', weight_support,
       'weight_satisfaction', weight_satisfaction, 'weight_payment', weight_payment) as scores
     from customers.health_scores where tenant_id = $1 and client_id = $2 and scoring_model = 'weighted_composite'
     order by day desc limit 1) h on true
   cross join lateral (select jsonb_agg(jsonb_build_object('name', indicator_name, 'severity', severity, 'current', current_value,
         'threshold', threshold_value, 'detected_at', detected_at)
       order by array_position(array['critical', 'high', 'medium', 'low'], severity), indicator_name) as risks
     from customers.risk_indicators where tenant_id = $1 and client_id = $2 and resolved_at is null) r
   cross join lateral (select jsonb_agg(jsonb_build_object('at', occurred_at, 'event_type', event_type, 'title', title, 'impact', impact)) as recent
     from (select occurred_at, event_type, title, impact from customers.timeline_events
       where tenant_id = $1 and client_id = $2 order by occurred_at desc, event_id desc limit 5) z) n
   where c.tenant_id = $1 and c.client_id = $2`,
)

/** Everything an overview tells, in one round trip. */
export async function findOverview(ctx: Ctx, clientId: string): Promise<OverviewRow> {
  const now = ctx.clock()
  const [row] = await find(ctx.db, [ctx.tenantId, clientId, now, now.toISOString().slice(0, 10)])
  if (row === undefined) throw clientNotFound(clientId)
  return row
}
