import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { clientNotFound } from '../../record/client-not-found.ts'
import { Day, RiskLevel } from '../../record/contract.ts'
import { dayOf } from '../../record/days.ts'
import { CUSTOMER_COLUMNS, CustomerRow } from '../../record/store/customers.ts'
import { EVENT_TYPES, IMPACTS } from '../../record/timeline-contract.ts'

const StoredRisk = z.strictObject({
  name: z.string(),
  severity: RiskLevel,
  current: z.number(),
  threshold: z.number(),
  detected_at: z.string(),
})

const OverviewRow = CustomerRow.extend({
  health_as_of: z.date().nullable(),
  milestones: z.int(),
  last_milestone: z.string().nullable(),
  contacts: z.int(),
  champions: z.int(),
  last_contacted_at: z.date().nullable(),
  open_tickets: z.int(),
  urgent_open: z.int(),
  recent_tickets: z.int(),
  answers: z.int(),
  answers_percent: z.number().nullable(),
  active_days: z.int(),
  events: z.int(),
  events_before: z.int(),
  peak_users: z.int(),
  last_used_on: Day.nullable(),
  auto_renew: z.boolean().nullable(),
  payments_overdue: z.int(),
  overdue_cents: z.int(),
  last_title: z.string().nullable(),
  last_title_at: z.date().nullable(),
  scores: z.record(z.string(), z.number().nullable()).nullable(),
  risks: z.array(StoredRisk),
  recent: z.array(
    z.strictObject({
      at: z.string(),
      event_type: z.enum(EVENT_TYPES),
      title: z.string(),
      impact: z.enum(IMPACTS),
    }),
  ),
})
export type OverviewRow = z.output<typeof OverviewRow>

const find = statement(
  'customers.overview',
  sql`select ${CUSTOMER_COLUMNS}, c.health_as_of, m.*, p.*, t.*, a.*, u.*, l.last_used_on, k.auto_renew, b.*, e.*,
     h.scores, coalesce(r.risks, '[]') as risks, coalesce(n.recent, '[]') as recent
   from customers.customers c
   cross join lateral (select count(*) as milestones, (array_agg(milestone_name order by achieved_at desc))[1] as last_milestone
     from customers.milestones where tenant_id = :tenant_id and client_id = :client_id) m
   cross join lateral (select count(*) as contacts, count(*) filter (where is_champion) as champions,
       max(last_contacted_at) as last_contacted_at
     from customers.contacts where tenant_id = :tenant_id and client_id = :client_id) p
   cross join lateral (select count(*) filter (where status not in ('resolved', 'closed')) as open_tickets,
       count(*) filter (where status not in ('resolved', 'closed') and priority in ('P0', 'P1')) as urgent_open,
       count(*) filter (where opened_at > :now::timestamptz - interval '30 days') as recent_tickets
     from customers.tickets where tenant_id = :tenant_id and client_id = :client_id) t
   cross join lateral (select count(*) as answers, avg(percent) as answers_percent from customers.survey_answers
     where tenant_id = :tenant_id and client_id = :client_id and responded_at > :now::timestamptz - interval '90 days') a
   cross join lateral (select count(*) filter (where day > :today::date - 30) as active_days,
       coalesce(sum(events) filter (where day > :today::date - 30), 0)::bigint as events,
       coalesce(sum(events) filter (where day <= :today::date - 30), 0)::bigint as events_before,
       coalesce(max(active_users) filter (where day > :today::date - 30), 0) as peak_users
     from customers.usage_daily where tenant_id = :tenant_id and client_id = :client_id and day > :today::date - 60 and day <= :today::date) u
   left join lateral (select day as last_used_on from customers.usage_daily where tenant_id = :tenant_id and client_id = :client_id and day <= :today::date
     order by day desc limit 1) l on true
   cross join lateral (select bool_or(auto_renew) as auto_renew from customers.contracts
     where tenant_id = :tenant_id and client_id = :client_id and start_date <= :today::date and coalesce(end_date >= :today::date, true)) k
   cross join lateral (select count(*) as payments_overdue, coalesce(sum(amount_cents), 0)::bigint as overdue_cents
     from customers.payments where tenant_id = :tenant_id and client_id = :client_id and due_on < :today::date and status in ('pending', 'failed')) b
   left join lateral (select title as last_title, occurred_at as last_title_at from customers.timeline_events
     where tenant_id = :tenant_id and client_id = :client_id and event_type = 'communication' order by occurred_at desc limit 1) e on true
   left join lateral (select jsonb_build_object('usage', usage_score, 'engagement', engagement_score, 'support', support_score,
       'satisfaction', satisfaction_score, 'payment', payment_score, 'weight_usage', weight_usage,
       'weight_engagement', weight_engagement, 'weight_support', weight_support,
       'weight_satisfaction', weight_satisfaction, 'weight_payment', weight_payment) as scores
     from customers.health_scores where tenant_id = :tenant_id and client_id = :client_id and scoring_model = 'weighted_composite'
     order by day desc limit 1) h on true
   cross join lateral (select jsonb_agg(jsonb_build_object('name', indicator_name, 'severity', severity, 'current', current_value,
         'threshold', threshold_value, 'detected_at', detected_at)
       order by array_position(array['critical', 'high', 'medium', 'low'], severity), indicator_name) as risks
     from customers.risk_indicators where tenant_id = :tenant_id and client_id = :client_id and resolved_at is null) r
   cross join lateral (select jsonb_agg(jsonb_build_object('at', occurred_at, 'event_type', event_type, 'title', title, 'impact', impact)) as recent
     from (select occurred_at, event_type, title, impact from customers.timeline_events
       where tenant_id = :tenant_id and client_id = :client_id order by occurred_at desc, event_id desc limit 5) z) n
   where c.tenant_id = :tenant_id and c.client_id = :client_id`,
  { params: { client_id: z.string(), now: z.date(), today: Day }, row: OverviewRow },
)

/** Reads all data of an overview in one round trip. */
export async function findOverview(ctx: Ctx, clientId: string): Promise<OverviewRow> {
  const now = ctx.clock()
  const [row] = await find(ctx, { client_id: clientId, now, today: dayOf(now) })
  if (row === undefined) throw clientNotFound(clientId)
  return row
}
