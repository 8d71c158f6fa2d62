import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

/** One customer's day (UTC) whose rollups are out of date. */
export interface DirtyDay {
  readonly client_id: string
  readonly day: string
}

const hasMarks = statement<{ found: boolean }>(
  'customers.has-dirty-usage',
  `select exists (
     select from customers.usage_dirty where tenant_id = $1 and ($2::text is null or client_id = $2)
   ) as found`,
)

export async function hasDirtyDays(ctx: Ctx, clientId: string | undefined): Promise<boolean> {
  const [row] = await hasMarks(ctx.db, [ctx.tenantId, clientId ?? null])
  return row?.found === true
}

const takeMarks = statement<DirtyDay>(
  'customers.take-dirty-usage',
  `delete from customers.usage_dirty
   where tenant_id = $1 and ctid = any(array(
     select ctid from customers.usage_dirty
     where tenant_id = $1 and ($2::text is null or client_id = $2)
     order by day, client_id limit $3 for update skip locked
   ))
   returning client_id, day`,
)

/**
 * Takes marks away, oldest days first; a day may have several. The caller must recompute those days in the same transaction: a mark whose
 * events are still being written is locked and left for the next time, and an event that comes later marks its day anew.
 */
export async function takeDirtyDays(ctx: Ctx, clientId: string | undefined, daysMax: number): Promise<DirtyDay[]> {
  return takeMarks(ctx.db, [ctx.tenantId, clientId ?? null, daysMax])
}

/** An error row counts the errors its source counted (`error_count`), else once for every use. */
const ERRORS = `case
  when not e.is_error then 0
  when jsonb_typeof(e.properties -> 'error_count') = 'number'
    then least(greatest((e.properties ->> 'error_count')::numeric, 0), 1000000000)::bigint
  else e.quantity end`

const RECOMPUTE = `with marks as (
     select client_id, day from unnest($2::text[], $3::date[]) as m(client_id, day)
   ), base as materialized (
     select e.client_id, m.day, coalesce(e.feature, e.event_name) as feature, e.user_id, e.session_id,
            sum(e.quantity)::bigint as events, coalesce(sum(e.duration_seconds), 0) / 60 as minutes,
            sum(${ERRORS})::bigint as errors
     from customers.usage_events e
     join marks m on m.client_id = e.client_id and m.day = (e.occurred_at at time zone 'UTC')::date
     where e.tenant_id = $1 and e.client_id = any($4::text[])
       and e.occurred_at >= $5::date::timestamp at time zone 'UTC'
       and e.occurred_at < ($6::date + 1)::timestamp at time zone 'UTC'
     group by e.client_id, m.day, coalesce(e.feature, e.event_name), e.user_id, e.session_id
   ), days as (
     insert into customers.usage_daily as d
       (tenant_id, client_id, day, events, active_users, sessions, minutes, errors, features)
     select $1, client_id, day, sum(events), count(distinct user_id), count(distinct session_id), sum(minutes), sum(errors),
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
     select $1, client_id, day, feature, sum(events), count(distinct user_id), sum(minutes), sum(errors)
     from base group by client_id, day, feature
     on conflict (tenant_id, client_id, day, feature) do update
     set events = excluded.events, active_users = excluded.active_users, minutes = excluded.minutes, errors = excluded.errors
     where (d.events, d.active_users, d.minutes, d.errors) is distinct from
       (excluded.events, excluded.active_users, excluded.minutes, excluded.errors)
   ), users as (
     insert into customers.usage_daily_users as d (tenant_id, client_id, day, user_id, events, minutes, features)
     select $1, client_id, day, user_id, sum(events), sum(minutes), count(distinct feature)
     from base where user_id is not null group by client_id, day, user_id
     on conflict (tenant_id, client_id, day, user_id) do update
     set events = excluded.events, minutes = excluded.minutes, features = excluded.features
     where (d.events, d.minutes, d.features) is distinct from (excluded.events, excluded.minutes, excluded.features)
   ), gone_days as (
     delete from customers.usage_daily d using marks m
     where d.tenant_id = $1 and d.client_id = m.client_id and d.day = m.day
       and not exists (select from base b where b.client_id = m.client_id and b.day = m.day)
   ), gone_features as (
     delete from customers.usage_daily_features d using marks m
     where d.tenant_id = $1 and d.client_id = m.client_id and d.day = m.day
       and not exists (select from base b where b.client_id = m.client_id and b.day = m.day and b.feature = d.feature)
   )
   delete from customers.usage_daily_users d using marks m
   where d.tenant_id = $1 and d.client_id = m.client_id and d.day = m.day
     and not exists (select from base b where b.client_id = m.client_id and b.day = m.day and b.user_id = d.user_id)`

const recomputeFew = statement<never>('customers.roll-up-usage', RECOMPUTE)
const recomputeMany = statement<never>('customers.roll-up-usage-in-bulk', RECOMPUTE)

const joinByHash = statement<never>(
  'customers.roll-up-usage-by-hash',
  "select set_config('enable_nestloop', case when $1::boolean then 'off' else 'on' end, true)",
)

/** From here on a plan that looks up day by day, chosen from stale statistics, would take minutes; a hash never does. */
const MANY_DAYS = 200

/** Counts the given days anew from their events, whatever was counted before. */
export async function recomputeDays(ctx: Ctx, days: readonly DirtyDay[]): Promise<void> {
  const sorted = days.map(({ day }) => day).toSorted()
  const values = [
    ctx.tenantId,
    days.map((dirty) => dirty.client_id),
    days.map((dirty) => dirty.day),
    [...new Set(days.map((dirty) => dirty.client_id))],
    sorted[0],
    sorted.at(-1),
  ]
  if (days.length < MANY_DAYS) return void (await recomputeFew(ctx.db, values))
  await joinByHash(ctx.db, [true])
  await recomputeMany(ctx.db, values)
  await joinByHash(ctx.db, [false])
}

const holdsOfGroup = statement<{ found: boolean }>(
  'customers.holds-events-of-group',
  'select exists (select from customers.unattributed_events where tenant_id = $1 and group_id = $2) as found',
)

/** True when events of this group are held. */
export async function holdsEventsOf(ctx: Ctx, groupId: string): Promise<boolean> {
  const [row] = await holdsOfGroup(ctx.db, [ctx.tenantId, groupId])
  return row?.found === true
}

const hasAttributable = statement<{ found: boolean }>(
  'customers.has-attributable-events',
  `select exists (
     select from customers.unattributed_events u
     where u.tenant_id = $1 and case
       when u.group_id is not null then exists (select from customers.customers c
         where c.tenant_id = $1 and (c.client_id = u.group_id or (c.source = 'segment' and c.external_id = u.group_id)))
       else exists (select from customers.tracked_users t
           where t.tenant_id = $1 and t.user_id = u.user_id and t.client_id is not null)
         or exists (select from customers.contacts c where c.tenant_id = $1 and c.user_id = u.user_id) end
   ) as found`,
)

/** True when a held event's customer has become known by other means than an event call. */
export async function hasAttributableEvents(ctx: Ctx): Promise<boolean> {
  const [row] = await hasAttributable(ctx.db, [ctx.tenantId])
  return row?.found === true
}
