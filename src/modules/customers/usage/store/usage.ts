import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { sql, sqlText } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { Day } from '../../record/contract.ts'
import type { TrackUsageEngagementInput } from '../usage-contract.ts'

/** A period of whole days for one customer. */
export interface Period {
  readonly client_id: string
  readonly start: string
  readonly end: string
  readonly days: number
}

const ByDays = { client_id: z.string(), start: Day, end: Day }

const UsageTotals = z.strictObject({
  events: z.int(),
  active_days: z.int(),
  daily_users: z.number().nullable(),
  sessions: z.int(),
  minutes: z.number(),
  errors: z.int(),
  events_before: z.int(),
  /** Events in the first and in the last `floor(days / 2)` days of the period. */
  events_earlier_half: z.int(),
  events_later_half: z.int(),
  last_day: Day.nullable(),
  /** The first day with usage ever; null without any. */
  first_day: Day.nullable(),
  users: z.int(),
  users_named: z.boolean(),
  features: z.int(),
  seats: z.int().nullable(),
  by_weekday: z.record(z.string(), z.int()).nullable(),
})
export type UsageTotals = z.output<typeof UsageTotals>

const totals = statement(
  'customers.usage-totals',
  sql`select d.*, s.first_day, u.users, u.users > 0 as users_named, f.features, c.seats, w.by_weekday
    from customers.customers c
    cross join lateral (
      select coalesce(sum(events) filter (where day >= :start), 0)::bigint as events, count(*) filter (where day >= :start and events > 0) as active_days,
        avg(active_users) filter (where day >= :start and events > 0)::float8 as daily_users,
        coalesce(sum(sessions) filter (where day >= :start), 0)::bigint as sessions,
        coalesce(sum(minutes) filter (where day >= :start), 0) as minutes, coalesce(sum(errors) filter (where day >= :start), 0)::bigint as errors,
        coalesce(sum(events) filter (where day < :start), 0)::bigint as events_before,
        coalesce(sum(events) filter (where day >= :start and day < :start::date + :days::int / 2), 0)::bigint as events_earlier_half,
        coalesce(sum(events) filter (where day > :end::date - :days::int / 2), 0)::bigint as events_later_half,
        max(day) filter (where day >= :start and events > 0) as last_day
      from customers.usage_daily
      where tenant_id = :tenant_id and client_id = :client_id and day >= :start::date - :days::int and day <= :end::date) d
    cross join lateral (select min(day) as first_day from customers.usage_daily
      where tenant_id = :tenant_id and client_id = :client_id and events > 0) s
    cross join lateral (select count(distinct user_id) as users from customers.usage_daily_users
      where tenant_id = :tenant_id and client_id = :client_id and day between :start::date and :end::date) u
    cross join lateral (select count(distinct feature) as features from customers.usage_daily_features
      where tenant_id = :tenant_id and client_id = :client_id and day between :start::date and :end::date) f
    cross join lateral (select json_object_agg(weekday, events order by place) as by_weekday from (
      select to_char(day, 'FMDay') as weekday, extract(isodow from day) as place, sum(events)::bigint as events
      from customers.usage_daily where tenant_id = :tenant_id and client_id = :client_id and day between :start::date and :end::date group by 1, 2) x) w
    where c.tenant_id = :tenant_id and c.client_id = :client_id`,
  { params: { ...ByDays, days: z.int() }, row: UsageTotals },
)

export async function usageTotals(ctx: Ctx, period: Period): Promise<UsageTotals> {
  const [row] = await totals(ctx, period)
  if (row === undefined) throw new Error('the usage totals returned no row')
  return row
}

const SeriesPoint = z.strictObject({ at: z.string(), events: z.int(), users: z.int() })
export type SeriesPoint = z.output<typeof SeriesPoint>

type Unit = 'hour' | 'day' | 'week' | 'month'

const HOUR = sqlText('YYYY-MM-DD"T"HH24:00"Z"')
const DAY = sqlText('YYYY-MM-DD')

/** All buckets from the first to the current one; those without usage are zero. */
const seriesOf = (unit: Unit, format: Sql, used: Sql) =>
  statement(
    `customers.usage-by-${unit}`,
    sql`with used as (${used}),
      buckets as (
        select to_char(b, ${format}) as at from generate_series(date_trunc(${sqlText(unit)}, :start::date::timestamp),
          least(:end::date + interval '23 hours', :now::timestamptz at time zone 'UTC'), interval ${sqlText(`1 ${unit}`)}) b
        union select at from used)
      select at, coalesce(events, 0) as events, coalesce(users, 0) as users from buckets left join used using (at) order by at`,
    { params: { ...ByDays, now: z.date() }, row: SeriesPoint },
  )

const seriesBy = (unit: 'day' | 'week' | 'month') =>
  seriesOf(
    unit,
    DAY,
    sql`select to_char(date_trunc(${sqlText(unit)}, d.day::timestamp), ${DAY}) as at, sum(d.events)::bigint as events,
      coalesce(max(u.users), max(d.active_users)) as users
    from customers.usage_daily d
    left join lateral (select count(distinct user_id) as users from customers.usage_daily_users p
      where p.tenant_id = :tenant_id and p.client_id = :client_id and p.day between :start::date and :end::date
        and date_trunc(${sqlText(unit)}, p.day::timestamp) = date_trunc(${sqlText(unit)}, d.day::timestamp)) u on u.users > 0
    where d.tenant_id = :tenant_id and d.client_id = :client_id and d.day between :start::date and :end::date
    group by 1`,
  )

/** The source for hourly buckets: the events, because rollups are daily. */
const OF_EVENTS = sql`from customers.usage_events
  where tenant_id = :tenant_id and client_id = :client_id and occurred_at >= :start::date::timestamp at time zone 'UTC'
    and occurred_at < (:end::date + 1)::timestamp at time zone 'UTC'`

const byHour = seriesOf(
  'hour',
  HOUR,
  sql`select to_char(date_trunc('hour', occurred_at at time zone 'UTC'), ${HOUR}) as at,
      sum(quantity)::bigint as events, count(distinct user_id) as users
    ${OF_EVENTS} group by 1`,
)

const series = { hourly: byHour, daily: seriesBy('day'), weekly: seriesBy('week'), monthly: seriesBy('month') }

/** The usage per bucket of the period up to now, in time order; weeks begin on Monday. */
export async function usageSeries(
  ctx: Ctx,
  period: Period,
  granularity: TrackUsageEngagementInput['granularity'],
): Promise<SeriesPoint[]> {
  return series[granularity](ctx, { ...period, now: ctx.clock() })
}

const HeatCell = z.strictObject({ weekday: z.string(), hour_utc: z.int(), events: z.int() })

const heat = statement(
  'customers.usage-heatmap',
  sql`select to_char(occurred_at at time zone 'UTC', 'FMDay') as weekday,
      extract(hour from occurred_at at time zone 'UTC')::int as hour_utc, sum(quantity)::bigint as events
    ${OF_EVENTS} group by 1, 2, extract(isodow from occurred_at at time zone 'UTC')
    order by events desc, extract(isodow from occurred_at at time zone 'UTC'), 2 limit 168`,
  { params: ByDays, row: HeatCell },
)

/** The busiest hours of the week first. */
export async function usageHeatmap(ctx: Ctx, period: Period): Promise<z.output<typeof HeatCell>[]> {
  return heat(ctx, period)
}

const FeatureUse = z.strictObject({
  feature: z.string(),
  events: z.int(),
  active_days: z.int(),
  first_used: Day,
  last_used: Day,
  is_new: z.boolean(),
})

const features = statement(
  'customers.usage-features',
  sql`select feature, sum(events) filter (where day >= :start)::bigint as events, count(*) filter (where day >= :start) as active_days,
      min(day) as first_used, max(day) as last_used, min(day) >= :start as is_new
    from customers.usage_daily_features where tenant_id = :tenant_id and client_id = :client_id and day <= :end::date
    group by feature having max(day) >= :start::date order by events desc, feature limit 50`,
  { params: ByDays, row: FeatureUse },
)

/** Features used in the period, most used first; `first_used` may be before the period. */
export async function usageFeatures(ctx: Ctx, period: Period): Promise<z.output<typeof FeatureUse>[]> {
  return features(ctx, period)
}

const Cohorts = z.strictObject({
  power: z.int(),
  regular: z.int(),
  occasional: z.int(),
  lost: z.int(),
  new: z.int(),
})
export type Cohorts = z.output<typeof Cohorts>

const cohorts = statement(
  'customers.usage-cohorts',
  sql`with people as (
      select user_id, count(*) filter (where day >= :start) as days_now, count(*) filter (where day < :start) as days_before
      from customers.usage_daily_users
      where tenant_id = :tenant_id and client_id = :client_id and day >= :start::date - :days::int and day <= :end::date
      group by user_id),
    active as (select count(*) as days from customers.usage_daily
      where tenant_id = :tenant_id and client_id = :client_id and day between :start::date and :end::date and events > 0)
    select count(*) filter (where days_now >= 0.5 * a.days and days_now > 0) as power,
      count(*) filter (where days_now >= 0.2 * a.days and days_now < 0.5 * a.days and days_now > 0) as regular,
      count(*) filter (where days_now > 0 and days_now < 0.2 * a.days) as occasional,
      count(*) filter (where days_now = 0) as lost, count(*) filter (where days_before = 0 and days_now > 0) as new
    from people, active a`,
  { params: { ...ByDays, days: z.int() }, row: Cohorts },
)

/**
 * Users by the share of the customer's active days on which they were active: at least a half, at least a fifth, or
 * less.
 */
export async function usageCohorts(ctx: Ctx, period: Period): Promise<Cohorts> {
  const [row] = await cohorts(ctx, period)
  return row ?? { power: 0, regular: 0, occasional: 0, lost: 0, new: 0 }
}

const Standing = z.strictObject({ tier: z.string(), peers: z.int(), percentile: z.number() })
export type Standing = z.output<typeof Standing>

const standing = statement(
  'customers.usage-standing',
  sql`with peers as (
      select c.client_id, coalesce(sum(d.events), 0) as events from customers.customers c
      left join customers.usage_daily d on d.tenant_id = :tenant_id and d.client_id = c.client_id and d.day between :start::date and :end::date
      where c.tenant_id = :tenant_id and c.status <> 'churned'
        and c.tier = (select tier from customers.customers where tenant_id = :tenant_id and client_id = :client_id)
      group by c.client_id)
    select (select tier from customers.customers where tenant_id = :tenant_id and client_id = :client_id) as tier,
      count(*) filter (where client_id <> :client_id) as peers,
      coalesce(count(*) filter (where client_id <> :client_id and events < (select events from peers where client_id = :client_id))::float8
        / nullif(count(*) filter (where client_id <> :client_id), 0), 0) as percentile
    from peers`,
  { params: ByDays, row: Standing },
)

/** The customer's percentile: the share of other customers of its tier with fewer events in the period. */
export async function usageStanding(ctx: Ctx, period: Period): Promise<Standing> {
  const [row] = await standing(ctx, period)
  return row ?? { tier: '', peers: 0, percentile: 0 }
}
