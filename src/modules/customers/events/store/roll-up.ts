import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement, filteredWriting } from '#kernel/database/filtered-statement'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { Day } from '../../record/contract.ts'

/** One customer's day (UTC) whose rollups are out of date. */
const DirtyDay = z.strictObject({ client_id: z.string(), day: Day })
export type DirtyDay = z.output<typeof DirtyDay>

/** The optional filter by customer. */
const ofClient = { client_id: { where: sql`client_id = :client_id`, is: z.string() } }

const hasMarks = filteredStatement(
  'customers.has-dirty-usage',
  { filters: ofClient, params: {}, row: z.strictObject({ found: z.boolean() }) },
  (conditions) => sql`select exists (
     select from customers.usage_dirty where tenant_id = :tenant_id and ${conditions}
   ) as found`,
)

export async function hasDirtyDays(ctx: Ctx, clientId: string | undefined): Promise<boolean> {
  const [row] = await hasMarks(ctx, { client_id: clientId })
  return row?.found === true
}

const takeMarks = filteredWriting(
  'customers.take-dirty-usage',
  { filters: ofClient, params: { days_max: z.int() }, row: DirtyDay },
  (conditions) => sql`delete from customers.usage_dirty
   where tenant_id = :tenant_id and ctid = any(array(
     select ctid from customers.usage_dirty
     where tenant_id = :tenant_id and ${conditions}
     order by client_id, day limit :days_max for update skip locked
   ))
   returning client_id, day`,
)

/**
 * Deletes marks, in the order of the tables' keys, and returns their days; a day may have several marks. The caller must
 * recompute those days in the same transaction. The mark of an unfinished write is locked and skipped; a later event marks its
 * day again.
 */
export async function takeDirtyDays(
  ctx: WriteCtx,
  clientId: string | undefined,
  daysMax: number,
): Promise<readonly DirtyDay[]> {
  return takeMarks(ctx, { client_id: clientId, days_max: daysMax })
}

/** The errors of an event: its `error_count` if given, else its number of uses if it is an error. */
const ERRORS = sql`case
  when not e.is_error then 0
  when jsonb_typeof(e.properties -> 'error_count') = 'number'
    then least(greatest((e.properties ->> 'error_count')::numeric, 0), 1000000000)::bigint
  else e.quantity end`

const RECOMPUTE = sql`with marks as (
     select client_id, day from unnest(:client_ids::text[], :days::date[]) as m(client_id, day)
   ), base as materialized (
     select e.client_id, m.day, coalesce(e.feature, e.event_name) as feature, e.user_id, e.session_id,
            sum(e.quantity)::bigint as events, coalesce(sum(e.duration_seconds), 0) / 60 as minutes,
            sum(${ERRORS})::bigint as errors
     from customers.usage_events e
     join marks m on m.client_id = e.client_id and m.day = (e.occurred_at at time zone 'UTC')::date
     where e.tenant_id = :tenant_id and e.client_id = any(:clients::text[])
       and e.occurred_at >= :first_day::date::timestamp at time zone 'UTC'
       and e.occurred_at < (:last_day::date + 1)::timestamp at time zone 'UTC'
     group by e.client_id, m.day, coalesce(e.feature, e.event_name), e.user_id, e.session_id
   ), days as (
     insert into customers.usage_daily as d
       (tenant_id, client_id, day, events, active_users, sessions, minutes, errors, features)
     select :tenant_id, client_id, day, sum(events), count(distinct user_id), count(distinct session_id), sum(minutes), sum(errors),
            count(distinct feature)
     from base group by client_id, day
     on conflict (tenant_id, client_id, day) do update
     set events = excluded.events, active_users = excluded.active_users, sessions = excluded.sessions,
         minutes = excluded.minutes, errors = excluded.errors, features = excluded.features
     where (d.events, d.active_users, d.sessions, d.minutes, d.errors, d.features) is distinct from
       (excluded.events, excluded.active_users, excluded.sessions, excluded.minutes, excluded.errors, excluded.features)
   ), features as (
     insert into customers.usage_daily_features as d
       (tenant_id, client_id, day, feature, events, active_users, minutes, errors)
     select :tenant_id, client_id, day, feature, sum(events), count(distinct user_id), sum(minutes), sum(errors)
     from base group by client_id, day, feature
     on conflict (tenant_id, client_id, day, feature) do update
     set events = excluded.events, active_users = excluded.active_users, minutes = excluded.minutes, errors = excluded.errors
     where (d.events, d.active_users, d.minutes, d.errors) is distinct from
       (excluded.events, excluded.active_users, excluded.minutes, excluded.errors)
   ), users as (
     insert into customers.usage_daily_users as d (tenant_id, client_id, day, user_id, events, minutes, features)
     select :tenant_id, client_id, day, user_id, sum(events), sum(minutes), count(distinct feature)
     from base where user_id is not null group by client_id, day, user_id
     on conflict (tenant_id, client_id, day, user_id) do update
     set events = excluded.events, minutes = excluded.minutes, features = excluded.features
     where (d.events, d.minutes, d.features) is distinct from (excluded.events, excluded.minutes, excluded.features)
   ), gone_days as (
     delete from customers.usage_daily d using marks m
     where d.tenant_id = :tenant_id and d.client_id = any(:clients::text[]) and d.day between :first_day::date and :last_day::date
       and d.client_id = m.client_id and d.day = m.day
       and not exists (select from base b where b.client_id = m.client_id and b.day = m.day)
   ), gone_features as (
     delete from customers.usage_daily_features d using marks m
     where d.tenant_id = :tenant_id and d.client_id = any(:clients::text[]) and d.day between :first_day::date and :last_day::date
       and d.client_id = m.client_id and d.day = m.day
       and not exists (select from base b where b.client_id = m.client_id and b.day = m.day and b.feature = d.feature)
   )
   delete from customers.usage_daily_users d using marks m
   where d.tenant_id = :tenant_id and d.client_id = any(:clients::text[]) and d.day between :first_day::date and :last_day::date
     and d.client_id = m.client_id and d.day = m.day
     and not exists (select from base b where b.client_id = m.client_id and b.day = m.day and b.user_id = d.user_id)`

/** `client_ids` and `days` are parallel arrays; `clients` are the distinct client ids. */
const OfDays = {
  client_ids: z.array(z.string()),
  days: z.array(Day),
  clients: z.array(z.string()),
  first_day: Day,
  last_day: Day,
}

const recomputeFew = writing('customers.roll-up-usage', RECOMPUTE, { params: OfDays })
const recomputeMany = writing('customers.roll-up-usage-in-bulk', RECOMPUTE, { params: OfDays })

const joinByHash = writing(
  'customers.roll-up-usage-by-hash',
  sql`select set_config('enable_nestloop', case when :hash_only::boolean then 'off' else 'on' end, true)`,
  { params: { hash_only: z.boolean() }, row: z.strictObject({ set_config: z.string() }) },
)

/**
 * From this many days on, hash joins are forced: with stale statistics the planner may choose lookups per day, which
 * take minutes.
 */
const MANY_DAYS = 200

/** Recomputes the rollups of the given days from all of their events. */
export async function recomputeDays(ctx: WriteCtx, dirty: readonly DirtyDay[]): Promise<void> {
  const clientIds = dirty.map(({ client_id }) => client_id)
  const days = dirty.map(({ day }) => day)
  const sorted = days.toSorted()
  const [firstDay, lastDay] = [sorted[0], sorted.at(-1)]
  if (firstDay === undefined || lastDay === undefined) return
  const values = {
    client_ids: clientIds,
    days,
    clients: [...new Set(clientIds)],
    first_day: firstDay,
    last_day: lastDay,
  }
  if (dirty.length < MANY_DAYS) return void (await recomputeFew(ctx, values))
  await joinByHash(ctx, { hash_only: true })
  await recomputeMany(ctx, values)
  await joinByHash(ctx, { hash_only: false })
}
