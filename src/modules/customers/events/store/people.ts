import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { Day } from '../../record/contract.ts'

const Texts = z.array(z.string())
const ClientId = z.strictObject({ client_id: z.string() })

/** A customer as a `group` call describes it. `clientId` is the id it gets if it is new. */
export interface GroupRow {
  readonly clientId: string
  readonly groupId: string
  /** Null if the call gave no name. */
  readonly name: string | null
  readonly industry: string | null
  readonly startDate: string
  readonly traitsJson: string
}

const findGroups = statement(
  'customers.find-groups',
  sql`select g.group_id, c.client_id
   from unnest(:group_ids::text[]) as g(group_id)
   cross join lateral (
     select client_id from customers.customers where tenant_id = :tenant_id and client_id = g.group_id
     union all
     select client_id from customers.customers
     where tenant_id = :tenant_id and source = 'segment' and external_id = g.group_id and external_id <> client_id
     limit 1
   ) c`,
  { params: { group_ids: Texts }, row: ClientId.extend({ group_id: z.string() }) },
)

/** Finds the customers of groups: by client id, or by the group id from which a customer was created. */
export async function findCustomersOfGroups(ctx: Ctx, groupIds: readonly string[]): Promise<Map<string, string>> {
  if (groupIds.length === 0) return new Map()
  const rows = await findGroups(ctx, { group_ids: [...groupIds] })
  return new Map(rows.map((row) => [row.group_id, row.client_id]))
}

const OfGroups = {
  client_ids: Texts,
  names: z.array(z.string().nullable()),
  industries: z.array(z.string().nullable()),
  traits: Texts,
}

const insertCustomers = writing(
  'customers.insert-grouped-customers',
  sql`insert into customers.customers
     (tenant_id, client_id, client_name, company_name, industry, contract_start_date, attributes, source, external_id)
   select :tenant_id, client_id, coalesce(name, group_id), coalesce(name, group_id), coalesce(industry, 'Technology'),
          start_date, traits, 'segment', group_id
   from unnest(:client_ids::text[], :group_ids::text[], :names::text[], :industries::text[], :start_dates::date[],
               :traits::jsonb[])
     as g(client_id, group_id, name, industry, start_date, traits)
   on conflict do nothing returning client_id`,
  { params: { ...OfGroups, group_ids: Texts, start_dates: z.array(Day) }, row: ClientId },
)

const describeCustomers = writing(
  'customers.describe-grouped-customers',
  sql`update customers.customers c
   set attributes = c.attributes || g.traits,
       client_name = case when c.source = 'segment' then coalesce(g.name, c.client_name) else c.client_name end,
       industry = case when c.source = 'segment' then coalesce(g.industry, c.industry) else c.industry end,
       updated_at = now(), version = c.version + 1
   from unnest(:client_ids::text[], :names::text[], :industries::text[], :traits::jsonb[])
     as g(client_id, name, industry, traits)
   where c.tenant_id = :tenant_id and c.client_id = g.client_id
     and (c.attributes || g.traits <> c.attributes or (c.source = 'segment' and g.name <> c.client_name))
   returning c.client_id`,
  { params: OfGroups, row: ClientId },
)

const ofGroups = (groups: readonly GroupRow[]) => ({
  client_ids: groups.map(({ clientId }) => clientId),
  names: groups.map(({ name }) => name),
  industries: groups.map(({ industry }) => industry),
  traits: groups.map(({ traitsJson }) => traitsJson),
})

/** Creates the customers that do not exist yet; returns their client ids. */
export async function saveNewCustomers(ctx: WriteCtx, groups: readonly GroupRow[]): Promise<string[]> {
  const rows = await insertCustomers(ctx, {
    ...ofGroups(groups),
    group_ids: groups.map(({ groupId }) => groupId),
    start_dates: groups.map(({ startDate }) => startDate),
  })
  return rows.map(({ client_id }) => client_id)
}

/**
 * Adds traits to existing customers; returns the client ids of those that changed. Keeps the name and industry of
 * customers that were registered in another way.
 */
export async function describeCustomersOfGroups(ctx: WriteCtx, groups: readonly GroupRow[]): Promise<string[]> {
  return (await describeCustomers(ctx, ofGroups(groups))).map(({ client_id }) => client_id)
}

const upsertUsers = writing(
  'customers.save-tracked-users',
  sql`insert into customers.tracked_users as u (tenant_id, user_id, client_id, traits)
   select :tenant_id, user_id, client_id, traits
   from unnest(:user_ids::text[], :client_ids::text[], :traits::jsonb[]) as t(user_id, client_id, traits)
   on conflict (tenant_id, user_id) do update
   set client_id = coalesce(excluded.client_id, u.client_id), traits = u.traits || excluded.traits, updated_at = now()`,
  { params: { user_ids: Texts, client_ids: z.array(z.string().nullable()), traits: Texts } },
)

/** What one batch of calls states about a user. A null client keeps the known one. */
export interface UserRow {
  readonly userId: string
  readonly clientId: string | null
  readonly traitsJson: string
}

/** Saves users. The ids must be distinct; they are written in sorted order to prevent deadlocks between writers. */
export async function saveUsers(ctx: WriteCtx, users: readonly UserRow[]): Promise<void> {
  const sorted = users.toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
  await upsertUsers(ctx, {
    user_ids: sorted.map(({ userId }) => userId),
    client_ids: sorted.map(({ clientId }) => clientId),
    traits: sorted.map(({ traitsJson }) => traitsJson),
  })
}

const OfUsers = { user_ids: Texts }

const findUsers = statement(
  'customers.find-customers-of-users',
  sql`select user_id, client_id from customers.tracked_users
   where tenant_id = :tenant_id and user_id = any(:user_ids::text[]) and client_id is not null
   union all
   select c.user_id, min(c.client_id) from customers.contacts c
   where c.tenant_id = :tenant_id and c.user_id = any(:user_ids::text[])
     and not exists (select from customers.tracked_users t
       where t.tenant_id = :tenant_id and t.user_id = c.user_id and t.client_id is not null)
   group by c.user_id`,
  { params: OfUsers, row: ClientId.extend({ user_id: z.string() }) },
)

/** Finds the customers of users: from their last group call, else from the contact with their user id. */
export async function findCustomersOfUsers(ctx: Ctx, userIds: readonly string[]): Promise<Map<string, string>> {
  if (userIds.length === 0) return new Map()
  const rows = await findUsers(ctx, { user_ids: [...userIds] })
  return new Map(rows.map((row) => [row.user_id, row.client_id]))
}

/** Two ids of one user. */
export interface SameUser {
  readonly userId: string
  /** The id from before, such as the anonymous id of a device. */
  readonly otherId: string
}

const insertSameUsers = writing(
  'customers.save-same-users',
  sql`insert into customers.same_users (tenant_id, user_id, other_id)
   select distinct :tenant_id, user_id, other_id from unnest(:user_ids::text[], :other_ids::text[]) as s(user_id, other_id)
   on conflict do nothing`,
  { params: { user_ids: Texts, other_ids: Texts } },
)

/** Remembers which ids are the same user, so that an erasure of the user finds the events of all of them. */
export async function saveSameUsers(ctx: WriteCtx, same: readonly SameUser[]): Promise<void> {
  if (same.length === 0) return
  await insertSameUsers(ctx, {
    user_ids: same.map(({ userId }) => userId),
    other_ids: same.map(({ otherId }) => otherId),
  })
}

const upsertContacts = writing(
  'customers.save-tracked-contacts',
  sql`with previous as (
     select external_id, client_id, email, name, title, attributes from customers.contacts
     where tenant_id = :tenant_id and source = 'segment' and external_id = any(:user_ids::text[])
   ), saved as (
     insert into customers.contacts as c
       (tenant_id, contact_id, client_id, email, name, title, user_id, attributes, source, external_id)
     select :tenant_id, 'con_' || md5(t.user_id), t.client_id, left(t.traits ->> 'email', 255),
            left(coalesce(t.traits ->> 'name',
              nullif(concat_ws(' ', t.traits ->> 'firstName', t.traits ->> 'lastName'), '')), 200),
            t.traits ->> 'title', t.user_id, t.traits, 'segment', t.user_id
     from customers.tracked_users t
     where t.tenant_id = :tenant_id and t.user_id = any(:user_ids::text[]) and t.client_id is not null
       and t.traits <> '{}'
       and not exists (select from customers.contacts o
         where o.tenant_id = :tenant_id and o.user_id = t.user_id and o.source <> 'segment')
     order by t.user_id
     on conflict (tenant_id, source, external_id) where external_id is not null do update
     set client_id = excluded.client_id, email = excluded.email, name = excluded.name, title = excluded.title,
         attributes = excluded.attributes, updated_at = now()
     returning c.external_id, c.client_id, c.email, c.name, c.title, c.attributes
   )
   select distinct touched.client_id
   from saved s left join previous p on p.external_id = s.external_id
   cross join lateral (values (s.client_id), (p.client_id)) touched(client_id)
   where touched.client_id is not null
     and (s.client_id, s.email, s.name, s.title, s.attributes)
       is distinct from (p.client_id, p.email, p.name, p.title, p.attributes)`,
  { params: OfUsers, row: ClientId },
)

/**
 * Creates or updates contacts of identified users whose customer is known; contacts maintained in another way are kept.
 * Returns the customers whose contacts changed, including those a contact left.
 */
export async function saveContactsOfUsers(ctx: WriteCtx, userIds: readonly string[]): Promise<string[]> {
  return (await upsertContacts(ctx, { user_ids: [...userIds] })).map(({ client_id }) => client_id)
}
