import { statement } from '#kernel/database/statement'
import type { Ctx } from '#kernel/context'

/** Adds up the windows that are missing or of another day; the others are right, because a changed day forgets them. */
const refresh = (name: string, which: string) =>
  statement(
    name,
    `with stale as (
       select c.client_id from customers.customers c
       where c.tenant_id = $1 ${which} and not exists (
         select 1 from customers.usage_windows w
         where w.tenant_id = $1 and w.client_id = c.client_id and w.days = $3::int and w.as_of = $2::date)),
     summed as (
       select d.client_id, sum(events) filter (where day > $2::date - $3::int)::bigint as events,
         sum(events) filter (where day <= $2::date - $3::int)::bigint as events_before,
         count(*) filter (where day > $2::date - $3::int) as active_days,
         count(*) filter (where day <= $2::date - $3::int) as active_days_before,
         max(active_users) filter (where day > $2::date - $3::int) as active_users_peak, max(day) as last_day
       from customers.usage_daily d join stale s on s.client_id = d.client_id
       where d.tenant_id = $1 and day > $2::date - 2 * $3::int and day <= $2::date and events > 0 group by d.client_id)
     insert into customers.usage_windows as w (tenant_id, client_id, days, as_of, events, events_before, active_days,
       active_days_before, active_users_peak, last_day)
     select $1, s.client_id, $3::int, $2::date, coalesce(u.events, 0), coalesce(u.events_before, 0), coalesce(u.active_days, 0),
       coalesce(u.active_days_before, 0), coalesce(u.active_users_peak, 0), coalesce(u.last_day, (
         select day from customers.usage_daily d
         where d.tenant_id = $1 and d.client_id = s.client_id and d.day <= $2::date - 2 * $3::int and d.events > 0
         order by day desc limit 1))
     from stale s left join summed u on u.client_id = s.client_id
     on conflict (tenant_id, client_id, days) do update set as_of = excluded.as_of, events = excluded.events,
       events_before = excluded.events_before, active_days = excluded.active_days,
       active_days_before = excluded.active_days_before, active_users_peak = excluded.active_users_peak,
       last_day = excluded.last_day`,
  )

const refreshAll = refresh('customers.refresh-usage-windows', '')
const refreshOne = refresh('customers.refresh-usage-window', 'and c.client_id = $4')

interface Window {
  readonly day: string
  readonly lookbackDays: number
  /** Absent: every customer of the tenant. */
  readonly clientId?: string
}

/** Brings the sums over `[day − lookback, day]` and the look-back before it up to date, from the daily rollups. */
export async function refreshUsageWindows(ctx: Ctx, { day, lookbackDays, clientId }: Window): Promise<void> {
  const values = [ctx.tenantId, day, lookbackDays]
  await (clientId === undefined ? refreshAll(ctx.db, values) : refreshOne(ctx.db, [...values, clientId]))
}
