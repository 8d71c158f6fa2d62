import { z } from 'zod'
import { sql, sqlJoin } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { CHURN_BASE } from '../../risk/churn-model.ts'

/**
 * The SQL that scores: facts of every customer, then components, score and churn points from them. One text serves one
 * customer and all of a tenant, so both follow the same rules. A component is 0–100, or null without data:
 *
 * - usage: 40 % frequency (active days against 5 in 7, full at that), 30 % momentum (events against the window before:
 *   0.8 when equal, full from 1.25 times), 30 % breadth (most people in a day against seats). A part that cannot be
 *   known (nothing before, seats or people unknown) is left out and the others are scaled up.
 * - engagement: by days since the last contact, in straight lines through 0 d 100, 3 d 85, 7 d 75, 14 d 60, 30 d 45,
 *   90 d 0: the steps of the customer-success checklists, without their jumps and without an end at 30 points.
 * - support: 100 − 3 per open ticket (at most 30) − 10 per open P0 or P1 (at most 20) − 10 per escalation in the window
 *   (at most 20) − up to 30 for the rise of tickets against the window before. Known for a customer with an open or recent
 *   ticket, and for one with usage in the window if the tenant has any ticket: without usage, the absence of tickets says
 *   nothing.
 * - satisfaction: mean of the survey answers of the window, of 90 days at least, each on its own scale as 0–100.
 * - payment: 100 − 40 overdue (60 after 30 days) − 20 paid late in the window or on a plan − 10 with a renewal within 30
 *   days that is not automatic.
 *
 * The score is the mean of the known components by their weights; the points are those of `../churn-model.ts`.
 */
export const ScoreParameters = z.strictObject({
  as_of: z.date(),
  lookback_days: z.int(),
  model: z.string(),
  weight_usage: z.number(),
  weight_engagement: z.number(),
  weight_support: z.number(),
  weight_satisfaction: z.number(),
  weight_payment: z.number(),
  at_risk_below: z.number(),
  critical_below: z.number(),
  healthy_from: z.number(),
  usage_drop_share: z.number(),
  ticket_rise_share: z.number(),
  churn_low_from: z.number(),
  churn_medium_from: z.number(),
  churn_high_from: z.number(),
})
export type ScoreParameters = z.output<typeof ScoreParameters>

export const AS_OF = sql`:as_of::timestamptz`
export const MODEL = sql`:model::text`
export const AT_RISK_BELOW = sql`:at_risk_below::float8`
export const CRITICAL_BELOW = sql`:critical_below::float8`
export const HEALTHY_FROM = sql`:healthy_from::float8`
export const USAGE_DROP = sql`:usage_drop_share::float8`
export const TICKET_RISE = sql`:ticket_rise_share::float8`
export const CHURN_MEDIUM = sql`:churn_medium_from::float8`
export const CHURN_HIGH = sql`:churn_high_from::float8`
export const CHURN_LOW = sql`:churn_low_from::float8`
export const DAY = sql`(${AS_OF} at time zone 'UTC')::date`
export const LOOKBACK = sql`:lookback_days::int`

/** `one` restricts every source to one customer; `all` covers all customers that have not churned. */
export type Range = 'one' | 'all'

/** Common table expressions that end with `scored`, one row per customer; to be followed by a `select` or by writes. */
export function scoredCustomers(range: Range): Sql {
  return sqlJoin([sources(range), facts(range), COMPONENTS_OF_FACTS, SCORE_OF_COMPONENTS], ',\n')
}

/** The facts per customer from each source table. */
function sources(range: Range): Sql {
  const only = range === 'one' ? sql`and client_id = :client_id` : sql``
  return sql`
used as (
  select client_id, events, events_before, active_days, active_users_peak, last_day from customers.usage_windows
  where tenant_id = :tenant_id and days = ${LOOKBACK} and as_of = ${DAY} ${only}),
contacted as (
  select client_id, max(last_contacted_at) as last_at from customers.contacts
  where tenant_id = :tenant_id and last_contacted_at <= ${AS_OF} ${only} group by client_id),
ticketed as (
  select client_id,
    count(*) filter (where is_open) as open, count(*) filter (where is_open and priority in ('P0', 'P1')) as urgent,
    count(*) filter (where escalated and opened_at > ${since(1)}) as escalated,
    count(*) filter (where opened_at > ${since(1)}) as opened,
    count(*) filter (where opened_at <= ${since(1)} and opened_at > ${since(2)}) as opened_before
  from (select client_id, priority, escalated, opened_at,
      status not in ('resolved', 'closed') or coalesce(resolved_at, closed_at) > ${AS_OF} as is_open
    from customers.tickets where tenant_id = :tenant_id and opened_at <= ${AS_OF} ${only}) t
  where is_open or opened_at > ${since(2)} group by client_id),
answered as (
  select client_id, avg(percent) as percent, count(*) as answers, max(responded_at) as last_at
  from customers.survey_answers
  where tenant_id = :tenant_id and responded_at <= ${AS_OF}
    and responded_at > ${AS_OF} - make_interval(days => greatest(${LOOKBACK}, 90)) ${only}
  group by client_id),
billed as (
  select client_id, max(due_on) as last_due,
    max(${DAY} - due_on) filter (where due_on < ${DAY} and (status <> 'paid' or paid_on > ${DAY})) as overdue_days,
    coalesce(bool_or(paid_on > due_on and paid_on > ${DAY} - ${LOOKBACK} and paid_on <= ${DAY}), false) as paid_late
  from customers.payments
  where tenant_id = :tenant_id and due_on <= ${DAY} and status in ('pending', 'paid', 'failed')
    and (due_on > ${DAY} - 366 or status <> 'paid') ${only}
  group by client_id),
contracted as (
  select client_id, bool_or(auto_renew) as auto_renew, bool_or(payment_status is not null) as is_stated,
    coalesce(bool_or(payment_status = 'overdue'), false) as overdue,
    coalesce(bool_or(payment_status in ('payment_plan', 'at_risk')), false) as strained
  from customers.contracts
  where tenant_id = :tenant_id and start_date <= ${DAY} and coalesce(end_date >= ${DAY}, true) ${only} group by client_id)`
}

/** One row per customer in range, joined with the facts from the sources. */
function facts(range: Range): Sql {
  const which = range === 'one' ? sql`and c.client_id = :client_id` : sql`and c.status <> 'churned'`
  return sql`facts as (
  select c.client_id, c.client_name, c.lifecycle_stage, c.status, c.contract_start_date, c.renewal_date, c.seats,
    c.health_score as stored_score, c.renewal_date - ${DAY} as days_until_renewal,
    coalesce(k.auto_renew, false) as auto_renew,
    u.last_day as last_used_on, coalesce(u.events, 0) as events, coalesce(u.events_before, 0) as events_before,
    coalesce(u.active_days, 0) as active_days, coalesce(u.active_users_peak, 0) as active_users_peak,
    greatest(case when c.last_engagement_at <= ${AS_OF} then c.last_engagement_at end, p.last_at) as last_contact_at,
    extract(epoch from ${AS_OF} - greatest(case when c.last_engagement_at <= ${AS_OF} then c.last_engagement_at end, p.last_at))::float8 / 86400 as silent_days,
    (t.open > 0 or t.opened > 0 or u.active_days > 0 and exists (select 1 from customers.tickets where tenant_id = :tenant_id)) as has_ticket_source,
    coalesce(t.open, 0) as open_tickets, coalesce(t.urgent, 0) as urgent_tickets,
    coalesce(t.escalated, 0) as escalated_tickets, coalesce(t.opened, 0) as tickets,
    coalesce(t.opened_before, 0) as tickets_before,
    coalesce(a.answers, 0) as answers, a.percent as answers_percent, a.last_at as last_answer_at,
    b.last_due as last_due_on, coalesce(b.overdue_days, case when k.overdue then 1 end, 0) as overdue_days,
    coalesce(b.paid_late, false) or coalesce(k.strained, false) as paid_late,
    b.client_id is not null or coalesce(k.is_stated, false) as has_payment_source
  from customers.customers c
  left join used u on u.client_id = c.client_id
  left join contacted p on p.client_id = c.client_id
  left join ticketed t on t.client_id = c.client_id
  left join answered a on a.client_id = c.client_id
  left join billed b on b.client_id = c.client_id
  left join contracted k on k.client_id = c.client_id
  where c.tenant_id = :tenant_id ${which} ${FENCE})`
}

/**
 * An optimisation fence: without it the planner merges two steps and evaluates the first one's expressions at every
 * use.
 */
const FENCE = sql`offset 0`

/** The instant `times` look-back periods before now. */
function since(times: number): Sql {
  return sql`${AS_OF} - make_interval(days => ${times} * ${LOOKBACK})`
}

const COMPONENTS_OF_FACTS = sql`parts as (
  select *,
    least(1, 1.4::float8 * active_days / least(${LOOKBACK}, greatest(7, ${DAY} - contract_start_date + 1))) as frequency,
    case when events_before > 0 then least(1, 0.8::float8 * events / events_before) end as momentum,
    case when seats > 0 and (active_users_peak > 0 or active_days = 0)
      then least(1, active_users_peak::float8 / seats) end as breadth,
    case when events_before > 0 then greatest(0, 1 - events::float8 / events_before) end as usage_drop,
    (tickets - tickets_before)::float8 / greatest(tickets_before, 1) as ticket_rise
  from facts ${FENCE}),
components as (
  select *,
    case when last_used_on is not null then round(1000 * (
      0.4 * frequency + 0.3 * coalesce(momentum, 0) + 0.3 * coalesce(breadth, 0))
      / (0.4 + case when momentum is null then 0 else 0.3 end + case when breadth is null then 0 else 0.3 end)
    ) / 10 end as usage_score,
    round(10 * case when silent_days is null then null when silent_days <= 3 then 100 - 5 * silent_days when silent_days <= 7 then 85 - 2.5 * (silent_days - 3)
      when silent_days <= 14 then 75 - 15 * (silent_days - 7) / 7 when silent_days <= 30 then 60 - 15 * (silent_days - 14) / 16
      else greatest(0, 45 - 0.75 * (silent_days - 30)) end) / 10 as engagement_score,
    case when has_ticket_source then round(10 * (100::float8 - least(30, 3 * open_tickets) - least(20, 10 * urgent_tickets)
      - least(20, 10 * escalated_tickets) - case when tickets >= 2 then 30 * least(1, greatest(0, ticket_rise)) else 0 end)) / 10
    end as support_score,
    round(10 * answers_percent) / 10 as satisfaction_score,
    case when has_payment_source then 100::float8 - case when overdue_days > 30 then 60 when overdue_days > 0 then 40 else 0 end
      - case when paid_late then 20 else 0 end
      - case when days_until_renewal between 0 and 30 and not auto_renew then 10 else 0 end
    end as payment_score
  from parts ${FENCE})`

const SCORE_OF_COMPONENTS = sql`weighed as (
  select *,
    :weight_usage::float8 * (usage_score is not null)::int + :weight_engagement::float8 * (engagement_score is not null)::int
      + :weight_support::float8 * (support_score is not null)::int + :weight_satisfaction::float8 * (satisfaction_score is not null)::int
      + :weight_payment::float8 * (payment_score is not null)::int as weight_known
  from components ${FENCE}),
scored as (
  select *, case when overall_score is not null then 1 / (1 + exp(-(${CHURN_BASE}
      + points_health + points_usage + points_idle + points_renewal + points_payment + points_tickets + points_silence
      + points_satisfaction))) end as churn_probability
  from (select *,
    0.05::float8 * (75 - overall_score) as points_health,
    round(2000 * coalesce(usage_drop, 0)::float8) / 1000 as points_usage,
    case when last_used_on is not null and active_days = 0 then 1 else 0 end::float8 as points_idle,
    case when days_until_renewal between 0 and 90 and not auto_renew then 0.6 else 0 end::float8 as points_renewal,
    case when overdue_days > 0 then 0.7 else 0 end::float8 as points_payment,
    case when tickets >= 2 then round(400 * least(1, greatest(0, ticket_rise))) / 1000 else 0 end::float8 as points_tickets,
    case when silent_days > 30 then 0.5 else 0 end::float8 as points_silence,
    case when satisfaction_score < 50 then 0.6 else 0 end::float8 as points_satisfaction
  from (select *, case when weight_known > 0 then round(10 * (
      :weight_usage * coalesce(usage_score, 0) + :weight_engagement * coalesce(engagement_score, 0) + :weight_support * coalesce(support_score, 0)
      + :weight_satisfaction * coalesce(satisfaction_score, 0) + :weight_payment * coalesce(payment_score, 0)) / weight_known) / 10 end as overall_score
    from weighed ${FENCE}) s ${FENCE}) p ${FENCE})`
