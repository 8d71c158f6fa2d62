import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

export interface PatternQuery {
  readonly clientId: string | undefined
  readonly segmentId?: string | undefined
  readonly tier?: string | undefined
  readonly industry?: string | undefined
  readonly stage?: string | undefined
  readonly start: string
  readonly end: string
}

/** `$2` to `$6` narrow; `gone` says which customers that have churned still count. */
const whom = (gone: string) => `whom as (
  select c.client_id, c.health_score, c.churn_probability, c.seats, c.last_engagement_at, c.status = 'churned' as has_left
  from customers.customers c
  where c.tenant_id = $1 and ($2::text is null or c.client_id = $2) and ($2::text is not null or c.status <> 'churned' or ${gone})
    and ($3::text is null or exists (select 1 from customers.segment_members m
      where m.tenant_id = $1 and m.segment_id = $3 and m.client_id = c.client_id))
    and ($4::text is null or c.tier = $4) and ($5::text is null or c.industry = $5) and ($6::text is null or c.lifecycle_stage = $6))`

const WHOM = whom('false')

/** The days $7 to $8; stated once, so that every statement here takes the same parameters. */
const BOUNDS = `bounds as (select $7::date as first, $8::date as last, $7::date + ($8::date - $7::date) / 2 as middle)`

/** One row a customer and pattern that it shows within the bounds. The rules are told in `../engagement-rules.ts`. */
const SHOWN = `used as (
     select d.client_id, count(*) as days, sum(events) as events, sum(events) filter (where day > b.middle) as events_late,
       coalesce(sum(events) filter (where day <= b.middle), 0) as events_early,
       coalesce(sum(events) filter (where extract(isodow from day) > 5), 0) as events_weekend, max(active_users) as users,
       max(day) as last_day
     from customers.usage_daily d cross join bounds b
     where d.tenant_id = $1 and d.day between b.first and b.last and d.events > 0 and d.client_id in (select client_id from whom)
     group by d.client_id),
   features as (
     select client_id, count(distinct feature) as n from customers.usage_daily_features f cross join bounds b
     where f.tenant_id = $1 and f.day between b.first and b.last and f.client_id in (select client_id from whom) group by client_id),
   everyone as (select w.*, u.*, f.n as features, b.last
     from (select client_id as id, health_score, churn_probability, seats, has_left from whom) w
     left join used u on u.client_id = w.id left join features f on f.client_id = w.id cross join bounds b),
   shown as (select p.pattern, e.id, e.health_score, e.churn_probability, e.has_left
   from everyone e cross join lateral (values
     ('growing', events_early > 0 and events_late >= 1.3 * events_early),
     ('declining', events_early > 0 and coalesce(events_late, 0) <= 0.7 * events_early),
     ('steady', events_early > 0 and events_late > 0.7 * events_early and events_late < 1.3 * events_early),
     ('silent', days is null),
     ('stopped', last_day < last - 14),
     ('workdays_only', events >= 50 and events_weekend = 0),
     ('single_user', users = 1 and days >= 5),
     ('single_feature', features = 1 and days >= 5),
     ('wide_use', features >= 5 and days >= 5),
     ('seats_idle', seats >= 5 and users > 0 and users < 0.3 * seats)
   ) p (pattern, holds) where p.holds)`

export interface PatternRow {
  readonly pattern: string
  readonly customers: number
  readonly of: number
  readonly average_health: number | null
  readonly average_churn: number | null
}

const patterns = statement<PatternRow>(
  'customers.engagement-patterns',
  `with ${WHOM}, ${BOUNDS}, ${SHOWN}
   select pattern, count(*) as customers, (select count(*) from whom) as of, avg(health_score) as average_health,
     avg(churn_probability) as average_churn
   from shown group by pattern order by customers desc, pattern`,
)

export interface PatternOutcome {
  readonly pattern: string
  /** Customers that showed it, and those of them that are at risk or gone today; then the same of all others. */
  readonly customers: number
  readonly lost: number
  readonly others: number
  readonly others_lost: number
}

const outcomes = statement<PatternOutcome>(
  'customers.pattern-outcomes',
  `with ${whom('coalesce(c.churned_on, c.updated_at::date) > $8::date')}, ${BOUNDS}, ${SHOWN},
   judged as (select client_id, has_left or health_score < $9::float8 as is_lost from whom
     where has_left or health_score is not null),
   total as (select count(*) as n, count(*) filter (where is_lost) as lost from judged)
   select s.pattern, count(*) as customers, count(*) filter (where j.is_lost) as lost,
     max(t.n) - count(*) as others, max(t.lost) - count(*) filter (where j.is_lost) as others_lost
   from shown s join judged j on j.client_id = s.id cross join total t
   group by s.pattern order by customers desc, s.pattern`,
)

/** What became, by today, of the customers that showed each pattern in the days of the query. */
export async function patternOutcomes(ctx: Ctx, query: PatternQuery, atRiskBelow: number): Promise<PatternOutcome[]> {
  return outcomes(ctx.db, [...values(ctx, query), atRiskBelow])
}

export interface Personas {
  readonly power: number
  readonly regular: number
  readonly occasional: number
  readonly dormant: number
}

const personas = statement<Personas>(
  'customers.user-personas',
  `with ${WHOM}, ${BOUNDS},
   active as (select d.client_id, count(*) as days from customers.usage_daily d cross join bounds b
     where d.tenant_id = $1 and d.day between b.first and b.last and d.events > 0 and d.client_id in (select client_id from whom)
     group by d.client_id),
   people as (select p.client_id, p.user_id, count(*) filter (where p.day >= b.first) as days
     from customers.usage_daily_users p cross join bounds b
     where p.tenant_id = $1 and p.day > b.first - (b.last - b.first + 1) - 1 and p.day <= b.last
       and p.client_id in (select client_id from whom) group by p.client_id, p.user_id),
   judged as (select p.days, p.days::float8 / a.days as share from people p left join active a on a.client_id = p.client_id)
   select count(*) filter (where share >= 0.5) as power, count(*) filter (where days > 0 and share >= 0.2 and share < 0.5) as regular,
     count(*) filter (where days > 0 and share < 0.2) as occasional, count(*) filter (where days = 0) as dormant from judged`,
)

/** Named people by the share of their customer's active days on which they came, as `../personas.ts` tells. */
export async function userPersonas(ctx: Ctx, query: PatternQuery): Promise<Personas> {
  const [row] = await personas(ctx.db, values(ctx, query))
  return row ?? { power: 0, regular: 0, occasional: 0, dormant: 0 }
}

const weekdays = statement<{ weekday: string; events: number }>(
  'customers.pattern-weekdays',
  `with ${WHOM}, ${BOUNDS}
   select to_char(day, 'FMDay') as weekday, sum(events)::bigint as events from customers.usage_daily d cross join bounds b
   where d.tenant_id = $1 and d.day between b.first and b.last and d.client_id in (select client_id from whom)
   group by 1, extract(isodow from day) order by extract(isodow from day)`,
)

const features = statement<{ feature: string; customers: number; events: number }>(
  'customers.pattern-features',
  `with ${WHOM}, ${BOUNDS}
   select feature, count(distinct client_id) as customers, sum(events)::bigint as events
   from customers.usage_daily_features f cross join bounds b
   where f.tenant_id = $1 and f.day between b.first and b.last and f.client_id in (select client_id from whom)
   group by feature order by customers desc, events desc, feature limit 15`,
)

const contact = statement<{ last_contact: string; customers: number; average_health: number | null }>(
  'customers.pattern-contact',
  `with ${WHOM}, ${BOUNDS},
   lasts as (select w.client_id, w.health_score, greatest(w.last_engagement_at, max(p.last_contacted_at))::date as day
     from whom w left join customers.contacts p on p.tenant_id = $1 and p.client_id = w.client_id
     group by w.client_id, w.health_score, w.last_engagement_at)
   select case when day is null then 'never' when b.last - day <= 7 then 'within 7 days' when b.last - day <= 30 then 'within 30 days'
       when b.last - day <= 90 then 'within 90 days' else 'longer ago' end as last_contact,
     count(*) as customers, avg(health_score) as average_health
   from lasts cross join bounds b group by 1 order by min(coalesce(b.last - day, 1000000))`,
)

const support = statement<{ category: string; tickets: number; customers: number }>(
  'customers.pattern-support',
  `with ${WHOM}, ${BOUNDS}
   select category, count(*) as tickets, count(distinct client_id) as customers from customers.tickets t cross join bounds b
   where t.tenant_id = $1 and t.opened_at >= b.first::timestamp at time zone 'UTC'
     and t.opened_at < (b.last + 1)::timestamp at time zone 'UTC' and t.client_id in (select client_id from whom)
   group by category order by tickets desc, category`,
)

export interface Anomaly {
  readonly client_id: string
  readonly day: string
  readonly events: number
  readonly usual: number
  readonly deviations: number
}

const anomalies = statement<Anomaly>(
  'customers.pattern-anomalies',
  `with ${WHOM}, ${BOUNDS},
   days as (select d.client_id, d.day, d.events from customers.usage_daily d cross join bounds b
     where d.tenant_id = $1 and d.day between b.first and b.last and d.client_id in (select client_id from whom)),
   usual as (select client_id, avg(events)::float8 as mean, stddev_samp(events)::float8 as spread from days group by client_id having count(*) >= 14)
   select d.client_id, d.day, d.events, u.mean as usual, (d.events - u.mean) / u.spread as deviations
   from days d join usual u on u.client_id = d.client_id and u.spread > 0 cross join bounds b
   where d.day > b.last - 14 and abs(d.events - u.mean) > 3 * u.spread
   order by abs(d.events - u.mean) / u.spread desc, d.client_id, d.day limit 20`,
)

const values = (ctx: Ctx, query: PatternQuery) => [
  ctx.tenantId,
  query.clientId ?? null,
  query.segmentId ?? null,
  query.tier ?? null,
  query.industry ?? null,
  query.stage ?? null,
  query.start,
  query.end,
]

/** Each question an analysis may ask of the same customers and days. */
export const patternQuestions = {
  patterns: (ctx: Ctx, query: PatternQuery) => patterns(ctx.db, values(ctx, query)),
  weekdays: (ctx: Ctx, query: PatternQuery) => weekdays(ctx.db, values(ctx, query)),
  features: (ctx: Ctx, query: PatternQuery) => features(ctx.db, values(ctx, query)),
  contact: (ctx: Ctx, query: PatternQuery) => contact(ctx.db, values(ctx, query)),
  support: (ctx: Ctx, query: PatternQuery) => support(ctx.db, values(ctx, query)),
  anomalies: (ctx: Ctx, query: PatternQuery) => anomalies(ctx.db, values(ctx, query)),
}

const count = statement<{ customers: number }>(
  'customers.pattern-customers',
  `with ${WHOM}, ${BOUNDS} select count(*) as customers from whom`,
)

export async function countWhom(ctx: Ctx, query: PatternQuery): Promise<number> {
  const [row] = await count(ctx.db, values(ctx, query))
  return row?.customers ?? 0
}
