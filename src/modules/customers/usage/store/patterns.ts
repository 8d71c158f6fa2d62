import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { sql } from '#kernel/database/sql'
import { Day } from '../../record/contract.ts'
import { DAYS, selectedQuery, selectedStatement } from './selected-customers.ts'
import type { PatternQuery } from './selected-customers.ts'

/**
 * One row per customer and pattern that it shows in the period. The patterns are described in `../engagement-rules.ts`.
 */
const SHOWN_PATTERNS = sql`used as (
    select client_id, count(*) as days, sum(events) as events,
      sum(events) filter (where day > :start::date + (:end::date - :start::date) / 2) as events_late,
      coalesce(sum(events) filter (where day <= :start::date + (:end::date - :start::date) / 2), 0) as events_early,
      coalesce(sum(events) filter (where extract(isodow from day) > 5), 0) as events_weekend, max(active_users) as users,
      max(day) as last_day
    from customers.usage_daily
    where tenant_id = :tenant_id and day between :start::date and :end::date and events > 0
      and client_id in (select client_id from selected)
    group by client_id),
  features as (
    select client_id, count(distinct feature) as n from customers.usage_daily_features
    where tenant_id = :tenant_id and day between :start::date and :end::date and client_id in (select client_id from selected)
    group by client_id),
  everyone as (select w.*, u.*, f.n as features
    from (select client_id as id, health_score, churn_probability, seats, has_churned from selected) w
    left join used u on u.client_id = w.id left join features f on f.client_id = w.id),
  shown as (select p.pattern, e.id, e.health_score, e.churn_probability, e.has_churned
  from everyone e cross join lateral (values
    ('growing', events_early > 0 and events_late >= 1.3 * events_early),
    ('declining', events_early > 0 and coalesce(events_late, 0) <= 0.7 * events_early),
    ('steady', events_early > 0 and events_late > 0.7 * events_early and events_late < 1.3 * events_early),
    ('silent', days is null),
    ('stopped', last_day < :end::date - 14),
    ('workdays_only', events >= 50 and events_weekend = 0),
    ('single_user', users = 1 and days >= 5),
    ('single_feature', features = 1 and days >= 5),
    ('wide_use', features >= 5 and days >= 5),
    ('seats_idle', seats >= 5 and users > 0 and users < 0.3 * seats)
  ) p (pattern, holds) where p.holds)`

const PatternRow = z.strictObject({
  pattern: z.string(),
  customers: z.int(),
  of: z.int(),
  average_health: z.number().nullable(),
  average_churn: z.number().nullable(),
})
export type PatternRow = z.output<typeof PatternRow>

const patterns = selectedQuery(
  'customers.engagement-patterns',
  PatternRow,
  (selected) => sql`with ${selected}, ${SHOWN_PATTERNS}
    select pattern, count(*) as customers, (select count(*) from selected) as of, avg(health_score) as average_health,
      avg(churn_probability) as average_churn
    from shown group by pattern order by customers desc, pattern`,
)

const PatternOutcome = z.strictObject({
  pattern: z.string(),
  /**
   * The customers that showed the pattern, and those of them that are at risk or churned today; then the same for all
   * others.
   */
  customers: z.int(),
  lost: z.int(),
  others: z.int(),
  others_lost: z.int(),
})
export type PatternOutcome = z.output<typeof PatternOutcome>

const outcomes = selectedStatement(
  'customers.pattern-outcomes',
  { params: { ...DAYS, at_risk_below: z.number() }, row: PatternOutcome },
  (selected) => sql`with ${selected}, ${SHOWN_PATTERNS},
    judged as (select client_id, has_churned or health_score < :at_risk_below::float8 as is_lost from selected
      where has_churned or health_score is not null),
    total as (select count(*) as n, count(*) filter (where is_lost) as lost from judged)
    select s.pattern, count(*) as customers, count(*) filter (where j.is_lost) as lost,
      max(t.n) - count(*) as others, max(t.lost) - count(*) filter (where j.is_lost) as others_lost
    from shown s join judged j on j.client_id = s.id cross join total t
    group by s.pattern order by customers desc, s.pattern`,
)

/** Today's outcome of the customers that showed each pattern in the given period. */
export async function patternOutcomes(ctx: Ctx, query: PatternQuery, atRiskBelow: number): Promise<PatternOutcome[]> {
  const remaining = query.client_id === undefined ? { not_churned_by: query.end } : {}
  return outcomes(ctx, { ...query, ...remaining, at_risk_below: atRiskBelow })
}

const Personas = z.strictObject({ power: z.int(), regular: z.int(), occasional: z.int(), dormant: z.int() })
export type Personas = z.output<typeof Personas>

const personas = selectedQuery(
  'customers.user-personas',
  Personas,
  (selected) => sql`with ${selected},
    active as (select client_id, count(*) as days from customers.usage_daily
      where tenant_id = :tenant_id and day between :start::date and :end::date and events > 0
        and client_id in (select client_id from selected)
      group by client_id),
    people as (select client_id, user_id, count(*) filter (where day >= :start::date) as days
      from customers.usage_daily_users
      where tenant_id = :tenant_id and day > :start::date - (:end::date - :start::date + 1) - 1 and day <= :end::date
        and client_id in (select client_id from selected) group by client_id, user_id),
    judged as (select p.days, p.days::float8 / a.days as share from people p left join active a on a.client_id = p.client_id)
    select count(*) filter (where share >= 0.5) as power, count(*) filter (where days > 0 and share >= 0.2 and share < 0.5) as regular,
      count(*) filter (where days > 0 and share < 0.2) as occasional, count(*) filter (where days = 0) as dormant from judged`,
)

/**
 * Identified users by the share of their customer's active days on which they were active; defined in `../personas.ts`.
 */
export async function userPersonas(ctx: Ctx, query: PatternQuery): Promise<Personas> {
  const [row] = await personas(ctx, query)
  return row ?? { power: 0, regular: 0, occasional: 0, dormant: 0 }
}

const weekdays = selectedQuery(
  'customers.pattern-weekdays',
  z.strictObject({ weekday: z.string(), events: z.int() }),
  (selected) => sql`with ${selected}
    select to_char(day, 'FMDay') as weekday, sum(events)::bigint as events from customers.usage_daily
    where tenant_id = :tenant_id and day between :start::date and :end::date and client_id in (select client_id from selected)
    group by 1, extract(isodow from day) order by extract(isodow from day)`,
)

const features = selectedQuery(
  'customers.pattern-features',
  z.strictObject({ feature: z.string(), customers: z.int(), events: z.int() }),
  (selected) => sql`with ${selected}
    select feature, count(distinct client_id) as customers, sum(events)::bigint as events from customers.usage_daily_features
    where tenant_id = :tenant_id and day between :start::date and :end::date and client_id in (select client_id from selected)
    group by feature order by customers desc, events desc, feature limit 15`,
)

const contact = selectedQuery(
  'customers.pattern-contact',
  z.strictObject({ last_contact: z.string(), customers: z.int(), average_health: z.number().nullable() }),
  (selected) => sql`with ${selected},
    lasts as (select w.client_id, w.health_score, greatest(w.last_engagement_at, max(p.last_contacted_at))::date as day
      from selected w left join customers.contacts p on p.tenant_id = :tenant_id and p.client_id = w.client_id
      group by w.client_id, w.health_score, w.last_engagement_at)
    select case when day is null then 'never' when :end::date - day <= 7 then 'within 7 days'
        when :end::date - day <= 30 then 'within 30 days' when :end::date - day <= 90 then 'within 90 days'
        else 'longer ago' end as last_contact,
      count(*) as customers, avg(health_score) as average_health
    from lasts group by 1 order by min(coalesce(:end::date - day, 1000000))`,
)

const support = selectedQuery(
  'customers.pattern-support',
  z.strictObject({ category: z.string(), tickets: z.int(), customers: z.int() }),
  (selected) => sql`with ${selected}
    select category, count(*) as tickets, count(distinct client_id) as customers from customers.tickets
    where tenant_id = :tenant_id and opened_at >= :start::date::timestamp at time zone 'UTC'
      and opened_at < (:end::date + 1)::timestamp at time zone 'UTC' and client_id in (select client_id from selected)
    group by category order by tickets desc, category`,
)

const anomalies = selectedQuery(
  'customers.pattern-anomalies',
  z.strictObject({ client_id: z.string(), day: Day, events: z.int(), usual: z.number(), deviations: z.number() }),
  (selected) => sql`with ${selected},
    days as (select client_id, day, events from customers.usage_daily
      where tenant_id = :tenant_id and day between :start::date and :end::date and client_id in (select client_id from selected)),
    usual as (select client_id, avg(events)::float8 as mean, stddev_samp(events)::float8 as spread from days group by client_id having count(*) >= 14)
    select d.client_id, d.day, d.events, u.mean as usual, (d.events - u.mean) / u.spread as deviations
    from days d join usual u on u.client_id = d.client_id and u.spread > 0
    where d.day > :end::date - 14 and abs(d.events - u.mean) > 3 * u.spread
    order by abs(d.events - u.mean) / u.spread desc, d.client_id, d.day limit 20`,
)

/** The queries of an analysis, all over the same customers and days. */
export const patternQueries = { patterns, weekdays, features, contact, support, anomalies }

const count = selectedQuery(
  'customers.pattern-customers',
  z.strictObject({ customers: z.int() }),
  (selected) => sql`with ${selected} select count(*) as customers from selected`,
)

export async function countSelected(ctx: Ctx, query: PatternQuery): Promise<number> {
  const [row] = await count(ctx, query)
  return row?.customers ?? 0
}
