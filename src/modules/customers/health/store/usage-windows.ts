import { z } from 'zod'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { Day } from '../../record/contract.ts'

const Days = { day: Day, lookback_days: z.int() }

/**
 * Recomputes the usage windows that are missing or from another day. The others are current: changing a day's rollup
 * deletes its windows.
 */
const refresh = <P extends z.ZodRawShape>(name: string, which: Sql, params: P) =>
  writing(
    name,
    sql`with stale as (
        select c.client_id from customers.customers c
        where c.tenant_id = :tenant_id and ${which} and not exists (
          select 1 from customers.usage_windows w
          where w.tenant_id = :tenant_id and w.client_id = c.client_id and w.days = :lookback_days::int and w.as_of = :day::date)),
      summed as (
        select d.client_id, sum(events) filter (where day > :day::date - :lookback_days::int)::bigint as events,
          sum(events) filter (where day <= :day::date - :lookback_days::int)::bigint as events_before,
          count(*) filter (where day > :day::date - :lookback_days::int) as active_days,
          count(*) filter (where day <= :day::date - :lookback_days::int) as active_days_before,
          max(active_users) filter (where day > :day::date - :lookback_days::int) as active_users_peak, max(day) as last_day
        from customers.usage_daily d join stale s on s.client_id = d.client_id
        where d.tenant_id = :tenant_id and day > :day::date - 2 * :lookback_days::int and day <= :day::date and events > 0
        group by d.client_id)
      insert into customers.usage_windows as w (tenant_id, client_id, days, as_of, events, events_before, active_days,
        active_days_before, active_users_peak, last_day)
      select :tenant_id, s.client_id, :lookback_days::int, :day::date, coalesce(u.events, 0), coalesce(u.events_before, 0),
        coalesce(u.active_days, 0), coalesce(u.active_days_before, 0), coalesce(u.active_users_peak, 0),
        coalesce(u.last_day, (
          select day from customers.usage_daily d
          where d.tenant_id = :tenant_id and d.client_id = s.client_id and d.day <= :day::date - 2 * :lookback_days::int
            and d.events > 0
          order by day desc limit 1))
      from stale s left join summed u on u.client_id = s.client_id
      on conflict (tenant_id, client_id, days) do update set as_of = excluded.as_of, events = excluded.events,
        events_before = excluded.events_before, active_days = excluded.active_days,
        active_days_before = excluded.active_days_before, active_users_peak = excluded.active_users_peak,
        last_day = excluded.last_day`,
    { params: { ...Days, ...params } },
  )

const refreshAll = refresh('customers.refresh-usage-windows', sql`true`, {})
const refreshOne = refresh('customers.refresh-usage-window', sql`c.client_id = :client_id`, { client_id: z.string() })

interface Window {
  readonly day: string
  readonly lookback_days: number
  /** Every customer of the tenant if absent. */
  readonly client_id?: string
}

/** Updates the usage sums over `[day − lookback, day]` and over the look-back before it from the daily rollups. */
export async function refreshUsageWindows(ctx: WriteCtx, { client_id, ...window }: Window): Promise<void> {
  await (client_id === undefined ? refreshAll(ctx, window) : refreshOne(ctx, { ...window, client_id }))
}
