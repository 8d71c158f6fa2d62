import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import type { TrackUsageEngagementInput } from '../usage-contract.ts'

export interface Period {
  readonly clientId: string
  readonly start: string
  readonly end: string
  readonly days: number
}

export interface UsageTotals {
  readonly events: number
  readonly active_days: number
  readonly daily_users: number | null
  readonly sessions: number
  readonly minutes: number
  readonly errors: number
  readonly events_before: number
  /** Of the first and the last `floor(days / 2)` days of the period. */
  readonly events_earlier_half: number
  readonly events_later_half: number
  readonly last_day: string | null
  /** The first day of use ever; null without any. */
  readonly first_day: string | null
  readonly users: number
  readonly users_named: boolean
  readonly features: number
  readonly seats: number | null
  readonly by_weekday: Readonly<Record<string, number>> | null
}

const totals = statement<UsageTotals>(
  'customers.usage-totals',
  `select d.*, s.first_day, u.users, u.users > 0 as users_named, f.features, c.seats, w.by_weekday
   from customers.customers c
   cross join lateral (
     select coalesce(sum(events) filter (where day >= $3), 0)::bigint as events, count(*) filter (where day >= $3 and events > 0) as active_days,
       avg(active_users) filter (where day >= $3 and events > 0)::float8 as daily_users,
       coalesce(sum(sessions) filter (where day >= $3), 0)::bigint as sessions,
       coalesce(sum(minutes) filter (where day >= $3), 0) as minutes, coalesce(sum(errors) filter (where day >= $3), 0)::bigint as errors,
       coalesce(sum(events) filter (where day < $3), 0)::bigint as events_before,
       coalesce(sum(events) filter (where day >= $3 and day < $3::date + $5::int / 2), 0)::bigint as events_earlier_half,
       coalesce(sum(events) filter (where day > $4::date - $5::int / 2), 0)::bigint as events_later_half,
       max(day) filter (where day >= $3 and events > 0) as last_day
     from customers.usage_daily where tenant_id = $1 and client_id = $2 and day >= $3::date - $5::int and day <= $4::date) d
   cross join lateral (select min(day) as first_day from customers.usage_daily
     where tenant_id = $1 and client_id = $2 and events > 0) s
   cross join lateral (select count(distinct user_id) as users from customers.usage_daily_users
     where tenant_id = $1 and client_id = $2 and day between $3::date and $4::date) u
   cross join lateral (select count(distinct feature) as features from customers.usage_daily_features
     where tenant_id = $1 and client_id = $2 and day between $3::date and $4::date) f
   cross join lateral (select json_object_agg(weekday, events order by place) as by_weekday from (
     select to_char(day, 'FMDay') as weekday, extract(isodow from day) as place, sum(events)::bigint as events
     from customers.usage_daily where tenant_id = $1 and client_id = $2 and day between $3::date and $4::date group by 1, 2) x) w
   where c.tenant_id = $1 and c.client_id = $2`,
)

export async function usageTotals(ctx: Ctx, period: Period): Promise<UsageTotals> {
  const [row] = await totals(ctx.db, [ctx.tenantId, period.clientId, period.start, period.end, period.days])
  if (row === undefined) throw new Error('the customer was there a moment ago')
  return row
}

export interface SeriesPoint {
  readonly at: string
  readonly events: number
  readonly users: number
}

/** Every bucket from the first to the one of now, those without use as zeros. */
const seriesOf = (unit: 'hour' | 'day' | 'week' | 'month', format: string, used: string) =>
  statement<SeriesPoint>(
    `customers.usage-by-${unit}`,
    `with used as (${used}),
     buckets as (
       select to_char(b, '${format}') as at from generate_series(date_trunc('${unit}', $3::date::timestamp),
         least($4::date + interval '23 hours', $5::timestamptz at time zone 'UTC'), interval '1 ${unit}') b
       union select at from used)
     select at, coalesce(events, 0) as events, coalesce(users, 0) as users from buckets left join used using (at) order by at`,
  )

const seriesBy = (unit: 'day' | 'week' | 'month') =>
  seriesOf(
    unit,
    'YYYY-MM-DD',
    `select to_char(date_trunc('${unit}', d.day::timestamp), 'YYYY-MM-DD') as at, sum(d.events)::bigint as events,
       coalesce(max(u.users), max(d.active_users)) as users
     from customers.usage_daily d
     left join lateral (select count(distinct user_id) as users from customers.usage_daily_users p
       where p.tenant_id = $1 and p.client_id = $2 and p.day between $3::date and $4::date
         and date_trunc('${unit}', p.day::timestamp) = date_trunc('${unit}', d.day::timestamp)) u on u.users > 0
     where d.tenant_id = $1 and d.client_id = $2 and d.day between $3::date and $4::date
     group by 1`,
  )

const byHour = seriesOf(
  'hour',
  'YYYY-MM-DD"T"HH24:00"Z"',
  `select to_char(date_trunc('hour', occurred_at at time zone 'UTC'), 'YYYY-MM-DD"T"HH24:00"Z"') as at,
     sum(quantity)::bigint as events, count(distinct user_id) as users
   from customers.usage_events
   where tenant_id = $1 and client_id = $2 and occurred_at >= $3::date::timestamp at time zone 'UTC'
     and occurred_at < ($4::date + 1)::timestamp at time zone 'UTC'
   group by 1`,
)

const series = { hourly: byHour, daily: seriesBy('day'), weekly: seriesBy('week'), monthly: seriesBy('month') }

/** Every bucket of the period up to now, in order of time; a week begins on Monday. */
export async function usageSeries(
  ctx: Ctx,
  period: Period,
  granularity: TrackUsageEngagementInput['granularity'],
): Promise<SeriesPoint[]> {
  return series[granularity](ctx.db, [ctx.tenantId, period.clientId, period.start, period.end, ctx.clock()])
}

export interface HeatCell {
  readonly weekday: string
  readonly hour_utc: number
  readonly events: number
}

const heat = statement<HeatCell>(
  'customers.usage-heatmap',
  `select to_char(occurred_at at time zone 'UTC', 'FMDay') as weekday,
     extract(hour from occurred_at at time zone 'UTC')::int as hour_utc, sum(quantity)::bigint as events
   from customers.usage_events
   where tenant_id = $1 and client_id = $2 and occurred_at >= $3::date::timestamp at time zone 'UTC'
     and occurred_at < ($4::date + 1)::timestamp at time zone 'UTC'
   group by 1, 2, extract(isodow from occurred_at at time zone 'UTC')
   order by events desc, extract(isodow from occurred_at at time zone 'UTC'), 2 limit 168`,
)

/** The busiest hours of the week first. */
export async function usageHeatmap(ctx: Ctx, period: Period): Promise<HeatCell[]> {
  return heat(ctx.db, [ctx.tenantId, period.clientId, period.start, period.end])
}

export interface FeatureUse {
  readonly feature: string
  readonly events: number
  readonly active_days: number
  readonly first_used: string
  readonly last_used: string
  readonly is_new: boolean
}

const features = statement<FeatureUse>(
  'customers.usage-features',
  `select feature, sum(events) filter (where day >= $3)::bigint as events, count(*) filter (where day >= $3) as active_days,
     min(day) as first_used, max(day) as last_used, min(day) >= $3 as is_new
   from customers.usage_daily_features where tenant_id = $1 and client_id = $2 and day <= $4::date
   group by feature having max(day) >= $3::date order by events desc, feature limit 50`,
)

/** Features used in the period, the most used first; `first_used` may be before it. */
export async function usageFeatures(ctx: Ctx, period: Period): Promise<FeatureUse[]> {
  return features(ctx.db, [ctx.tenantId, period.clientId, period.start, period.end])
}

export interface Cohorts {
  readonly power: number
  readonly regular: number
  readonly occasional: number
  readonly lost: number
  readonly new: number
}

const cohorts = statement<Cohorts>(
  'customers.usage-cohorts',
  `with people as (
     select user_id, count(*) filter (where day >= $3) as days_now, count(*) filter (where day < $3) as days_before
     from customers.usage_daily_users where tenant_id = $1 and client_id = $2 and day >= $3::date - $5::int and day <= $4::date
     group by user_id),
   active as (select count(*) as days from customers.usage_daily
     where tenant_id = $1 and client_id = $2 and day between $3::date and $4::date and events > 0)
   select count(*) filter (where days_now >= 0.5 * a.days and days_now > 0) as power,
     count(*) filter (where days_now >= 0.2 * a.days and days_now < 0.5 * a.days and days_now > 0) as regular,
     count(*) filter (where days_now > 0 and days_now < 0.2 * a.days) as occasional,
     count(*) filter (where days_now = 0) as lost, count(*) filter (where days_before = 0 and days_now > 0) as new
   from people, active a`,
)

/** People by the share of the customer's active days on which they came: half and more, a fifth and more, less. */
export async function usageCohorts(ctx: Ctx, period: Period): Promise<Cohorts> {
  const [row] = await cohorts(ctx.db, [ctx.tenantId, period.clientId, period.start, period.end, period.days])
  return row ?? { power: 0, regular: 0, occasional: 0, lost: 0, new: 0 }
}

export interface Standing {
  readonly tier: string
  readonly peers: number
  readonly percentile: number
}

const standing = statement<Standing>(
  'customers.usage-standing',
  `with peers as (
     select c.client_id, coalesce(sum(d.events), 0) as events from customers.customers c
     left join customers.usage_daily d on d.tenant_id = $1 and d.client_id = c.client_id and d.day between $3::date and $4::date
     where c.tenant_id = $1 and c.status <> 'churned' and c.tier = (select tier from customers.customers where tenant_id = $1 and client_id = $2)
     group by c.client_id)
   select (select tier from customers.customers where tenant_id = $1 and client_id = $2) as tier,
     count(*) filter (where client_id <> $2) as peers,
     coalesce(count(*) filter (where client_id <> $2 and events < (select events from peers where client_id = $2))::float8
       / nullif(count(*) filter (where client_id <> $2), 0), 0) as percentile
   from peers`,
)

/** The share of the tier's other customers that had fewer events in the period. */
export async function usageStanding(ctx: Ctx, period: Period): Promise<Standing> {
  const [row] = await standing(ctx.db, [ctx.tenantId, period.clientId, period.start, period.end])
  return row ?? { tier: '', peers: 0, percentile: 0 }
}
