import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

/** A customer as a `group` call describes it. `clientId` is the id it gets if it is new. */
export interface GroupRow {
  readonly clientId: string
  readonly groupId: string
  /** Null: the call gave no name. */
  readonly name: string | null
  readonly industry: string | null
  readonly startDate: string
  readonly traitsJson: string
}

const findGroups = statement<{ group_id: string; client_id: string }>(
  'customers.find-groups',
  `select g.group_id, c.client_id
   from unnest($2::text[]) as g(group_id)
   cross join lateral (
     select client_id from customers.customers where tenant_id = $1 and client_id = g.group_id
     union all
     select client_id from customers.customers
     where tenant_id = $1 and source = 'segment' and external_id = g.group_id and external_id <> client_id
     limit 1
   ) c`,
)

/** The customers that groups stand for: by client id, or by the group id a customer was made from. */
export async function findCustomersOfGroups(ctx: Ctx, groupIds: readonly string[]): Promise<Map<string, string>> {
  if (groupIds.length === 0) return new Map()
  const rows = await findGroups(ctx.db, [ctx.tenantId, groupIds])
  return new Map(rows.map((row) => [row.group_id, row.client_id]))
}

const insertCustomers = statement<{ client_id: string }>(
  'customers.insert-grouped-customers',
  `insert into customers.customers
     (tenant_id, client_id, client_name, company_name, industry, contract_start_date, attributes, source, external_id)
   select $1, client_id, coalesce(name, group_id), coalesce(name, group_id), coalesce(industry, 'Technology'),
          start_date, traits, 'segment', group_id
   from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::jsonb[])
     as g(client_id, group_id, name, industry, start_date, traits)
   on conflict do nothing returning client_id`,
)

const describeCustomers = statement<never>(
  'customers.describe-grouped-customers',
  `update customers.customers c
   set attributes = c.attributes || g.traits,
       client_name = case when c.source = 'segment' then coalesce(g.name, c.client_name) else c.client_name end,
       industry = case when c.source = 'segment' then coalesce(g.industry, c.industry) else c.industry end,
       updated_at = now(), version = c.version + 1
   from unnest($2::text[], $3::text[], $4::text[], $5::jsonb[]) as g(client_id, name, industry, traits)
   where c.tenant_id = $1 and c.client_id = g.client_id
     and (c.attributes || g.traits <> c.attributes or (c.source = 'segment' and g.name <> c.client_name))`,
)

/** Makes the customers that are new; answers their client ids. */
export async function saveNewCustomers(ctx: Ctx, groups: readonly GroupRow[]): Promise<string[]> {
  const column = <K extends keyof GroupRow>(name: K) => groups.map((group) => group[name])
  const rows = await insertCustomers(ctx.db, [
    ctx.tenantId,
    column('clientId'),
    column('groupId'),
    column('name'),
    column('industry'),
    column('startDate'),
    column('traitsJson'),
  ])
  return rows.map((row) => row.client_id)
}

/** Adds traits to customers that exist. The name and industry of one that somebody else registered are left alone. */
export async function describeCustomersOfGroups(ctx: Ctx, groups: readonly GroupRow[]): Promise<void> {
  const column = <K extends keyof GroupRow>(name: K) => groups.map((group) => group[name])
  const values = [column('clientId'), column('name'), column('industry'), column('traitsJson')]
  await describeCustomers(ctx.db, [ctx.tenantId, ...values])
}

const upsertUsers = statement<never>(
  'customers.save-tracked-users',
  `insert into customers.tracked_users as u (tenant_id, user_id, client_id, traits)
   select $1, user_id, client_id, traits from unnest($2::text[], $3::text[], $4::jsonb[]) as t(user_id, client_id, traits)
   on conflict (tenant_id, user_id) do update
   set client_id = coalesce(excluded.client_id, u.client_id), traits = u.traits || excluded.traits, updated_at = now()`,
)

/** What a flush learnt of one user. A null client leaves the one that is known. */
export interface UserRow {
  readonly userId: string
  readonly clientId: string | null
  readonly traitsJson: string
}

/** The user ids must be distinct; they are written in one order, so that two writers never wait for each other. */
export async function saveUsers(ctx: Ctx, users: readonly UserRow[]): Promise<void> {
  const sorted = users.toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
  const values = [sorted.map(({ userId }) => userId), sorted.map(({ clientId }) => clientId)]
  await upsertUsers(ctx.db, [ctx.tenantId, ...values, sorted.map(({ traitsJson }) => traitsJson)])
}

const findUsers = statement<{ user_id: string; client_id: string }>(
  'customers.find-customers-of-users',
  `select user_id, client_id from customers.tracked_users
   where tenant_id = $1 and user_id = any($2::text[]) and client_id is not null
   union all
   select c.user_id, min(c.client_id) from customers.contacts c
   where c.tenant_id = $1 and c.user_id = any($2::text[])
     and not exists (select from customers.tracked_users t
       where t.tenant_id = $1 and t.user_id = c.user_id and t.client_id is not null)
   group by c.user_id`,
)

/** The customers of users: what their last group call said, else the contact that carries their user id. */
export async function findCustomersOfUsers(ctx: Ctx, userIds: readonly string[]): Promise<Map<string, string>> {
  if (userIds.length === 0) return new Map()
  const rows = await findUsers(ctx.db, [ctx.tenantId, userIds])
  return new Map(rows.map((row) => [row.user_id, row.client_id]))
}

const upsertContacts = statement<never>(
  'customers.save-tracked-contacts',
  `insert into customers.contacts as c
     (tenant_id, contact_id, client_id, email, name, title, user_id, attributes, source, external_id)
   select $1, 'con_' || md5(t.user_id), t.client_id, left(t.traits ->> 'email', 255),
          left(coalesce(t.traits ->> 'name', nullif(concat_ws(' ', t.traits ->> 'firstName', t.traits ->> 'lastName'), '')), 200),
          t.traits ->> 'title', t.user_id, t.traits, 'segment', t.user_id
   from customers.tracked_users t
   where t.tenant_id = $1 and t.user_id = any($2::text[]) and t.client_id is not null and t.traits <> '{}'
     and not exists (select from customers.contacts o
       where o.tenant_id = $1 and o.user_id = t.user_id and o.source <> 'segment')
   order by t.user_id
   on conflict (tenant_id, source, external_id) where external_id is not null do update
   set client_id = excluded.client_id, email = excluded.email, name = excluded.name, title = excluded.title,
       attributes = excluded.attributes, updated_at = now()`,
)

/** Makes contacts of users who were identified and whose customer is known; a contact somebody else keeps is left alone. */
export async function saveContactsOfUsers(ctx: Ctx, userIds: readonly string[]): Promise<void> {
  await upsertContacts(ctx.db, [ctx.tenantId, userIds])
}

const attribute = statement<{ moved: number }>(
  'customers.attribute-events',
  `with settled as (
     select u.message_id, coalesce(g.client_id, s.client_id, t.client_id, k.client_id) as client_id
     from customers.unattributed_events u
     left join customers.customers g on g.tenant_id = $1 and g.client_id = u.group_id
     left join customers.customers s on s.tenant_id = $1 and s.source = 'segment' and s.external_id = u.group_id
     left join customers.tracked_users t on u.group_id is null and t.tenant_id = $1 and t.user_id = u.user_id
     left join lateral (
       select min(c.client_id) as client_id from customers.contacts c
       where u.group_id is null and t.client_id is null and c.tenant_id = $1 and c.user_id = u.user_id
     ) k on true
     where u.tenant_id = $1
       and ($2::text[] is null or u.group_id = any($2) or (u.group_id is null and u.user_id = any($3::text[])))
   ), moved as (
     delete from customers.unattributed_events u using settled
     where u.tenant_id = $1 and u.message_id = settled.message_id and settled.client_id is not null
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
   select count(*) as moved from moved`,
)

/**
 * Moves held events to their customers, as far as these are known by now. `null`: every held event; else those of the
 * given groups and users. Answers how many were moved.
 */
export async function attributeEvents(
  ctx: Ctx,
  among: { readonly groupIds: readonly string[]; readonly userIds: readonly string[] } | null,
): Promise<number> {
  const [row] = await attribute(ctx.db, [ctx.tenantId, among?.groupIds ?? null, among?.userIds ?? null])
  return row?.moved ?? 0
}
