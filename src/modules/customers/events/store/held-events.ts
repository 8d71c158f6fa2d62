import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

/** Moves held events that match the condition `among` (on alias `u`) to their customers, where these are known. */
const moveSql = (among: Sql) => sql`with settled as (
     select u.message_id, coalesce(g.client_id, s.client_id, t.client_id, k.client_id) as client_id
     from customers.unattributed_events u
     left join customers.customers g on g.tenant_id = :tenant_id and g.client_id = u.group_id
     left join customers.customers s
       on s.tenant_id = :tenant_id and s.source = 'segment' and s.external_id = u.group_id
     left join customers.tracked_users t
       on u.group_id is null and t.tenant_id = :tenant_id and t.user_id = u.user_id
     left join lateral (
       select min(c.client_id) as client_id from customers.contacts c
       where u.group_id is null and t.client_id is null and c.tenant_id = :tenant_id and c.user_id = u.user_id
     ) k on true
     where u.tenant_id = :tenant_id and ${among}
   ), moved as (
     delete from customers.unattributed_events u using settled
     where u.tenant_id = :tenant_id and u.message_id = settled.message_id and settled.client_id is not null
     returning settled.client_id, u.*
   ), kept as (
     insert into customers.usage_events
       (tenant_id, client_id, occurred_at, message_id, event_name, user_id, feature, session_id, duration_seconds,
        is_error, quantity, properties, source, received_at)
     select tenant_id, client_id, occurred_at, message_id, event_name, user_id, feature, session_id, duration_seconds,
            is_error, quantity, properties, source, received_at
     from moved
     on conflict do nothing
   ), marked as (
     insert into customers.usage_dirty (tenant_id, client_id, day)
     select distinct tenant_id, client_id, (occurred_at at time zone 'UTC')::date from moved
   )
   select count(*) as moved from moved`

const Moved = z.strictObject({ moved: z.int() })

const attributeAll = writing('customers.attribute-all-events', moveSql(sql`true`), { row: Moved })

const attributeSome = writing(
  'customers.attribute-events',
  moveSql(sql`(u.group_id = any(:group_ids::text[]) or (u.group_id is null and u.user_id = any(:user_ids::text[])))`),
  { params: { group_ids: z.array(z.string()), user_ids: z.array(z.string()) }, row: Moved },
)

/**
 * Moves held events to their customers, where these are known: all held events if `null`, else those of the given
 * groups and users. Returns how many were moved.
 */
export async function attributeEvents(
  ctx: WriteCtx,
  among: { readonly groupIds: readonly string[]; readonly userIds: readonly string[] } | null,
): Promise<number> {
  const [row] =
    among === null
      ? await attributeAll(ctx)
      : await attributeSome(ctx, { group_ids: [...among.groupIds], user_ids: [...among.userIds] })
  return row?.moved ?? 0
}

const Found = z.strictObject({ found: z.boolean() })

const holdsOfGroup = statement(
  'customers.holds-events-of-group',
  sql`select exists (
     select from customers.unattributed_events where tenant_id = :tenant_id and group_id = :group_id
   ) as found`,
  { params: { group_id: z.string() }, row: Found },
)

/** True when events of this group are held. */
export async function holdsEventsOf(ctx: Ctx, groupId: string): Promise<boolean> {
  const [row] = await holdsOfGroup(ctx, { group_id: groupId })
  return row?.found === true
}

const hasAttributable = statement(
  'customers.has-attributable-events',
  sql`select exists (
     select from customers.unattributed_events u
     where u.tenant_id = :tenant_id and case
       when u.group_id is not null then exists (select from customers.customers c
         where c.tenant_id = :tenant_id and (c.client_id = u.group_id or (c.source = 'segment' and c.external_id = u.group_id)))
       else exists (select from customers.tracked_users t
           where t.tenant_id = :tenant_id and t.user_id = u.user_id and t.client_id is not null)
         or exists (select from customers.contacts c where c.tenant_id = :tenant_id and c.user_id = u.user_id) end
   ) as found`,
  { row: Found },
)

/** True when a held event's customer is known by now, for example through a group call or an import. */
export async function hasAttributableEvents(ctx: Ctx): Promise<boolean> {
  const [row] = await hasAttributable(ctx)
  return row?.found === true
}
