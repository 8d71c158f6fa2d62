import { z } from 'zod'
import { destroyPersonKeys } from '#kernel/audit/person-keys'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

/** The account of a member of the context's tenant. */
const Account = z.strictObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  /** Number of other tenants that the person is a member of. */
  other_tenants: z.int(),
  /** Whether an erasure by this tenant deletes the account. */
  goes: z.boolean(),
  /** Organisations left without an owner by an erasure; not the person's own if they are its only member. */
  ownerless: z.int(),
})
export type Account = z.output<typeof Account>

const Sought = z.object({ ids: z.array(z.string()), emails: z.array(z.string()) })

const findAccounts = statement(
  'access.find-accounts-of-person',
  sql`select u.id, u.email, u.name, m.role, o.others as other_tenants,
     g.goes, w.ownerless
   from access.users u
   join access.members m on m.user_id = u.id and m.tenant_id = :tenant_id
   cross join lateral (select 'org_' || lower(regexp_replace(u.id, '^[^_]*_', '')) as tenant_id) p
   cross join lateral (select count(*) as others from access.members x where x.user_id = u.id and x.tenant_id <> :tenant_id) o
   cross join lateral (select o.others = 0 or m.tenant_id = p.tenant_id as goes) g
   cross join lateral (
     select count(*)::int as ownerless from access.members x
     where x.user_id = u.id and x.role = 'owner' and (x.tenant_id = :tenant_id or g.goes) and not exists (
         select from access.members y where y.tenant_id = x.tenant_id and y.user_id <> u.id and y.role = 'owner')
       and (x.tenant_id <> p.tenant_id or exists (
         select from access.members y where y.tenant_id = x.tenant_id and y.user_id <> u.id))
   ) w
   where u.id = any(:ids::text[]) or u.email = any(:emails::text[])
   order by u.id`,
  { params: Sought.shape, row: Account },
)

/** The accounts of the tenant's members with these ids or e-mail addresses. `system` is the system handle. */
export async function accountsOf(ctx: Ctx, system: Db, sought: z.output<typeof Sought>): Promise<Account[]> {
  return findAccounts({ db: system, tenantId: ctx.tenantId }, sought)
}

const exportRows = statement(
  'access.export-account',
  sql`select 'access.users' as held, to_jsonb(t) as row from access.users t where id = :user_id
   union all select 'access.members', to_jsonb(t) from access.members t where user_id = :user_id
   union all select 'access.sessions', to_jsonb(t) - 'token' from access.sessions t where user_id = :user_id
   union all select 'access.accounts',
     to_jsonb(t) - array['password', 'access_token', 'refresh_token', 'id_token'] from access.accounts t where user_id = :user_id
   union all select 'access.two_factors', jsonb_build_object('id', id, 'verified', verified) from access.two_factors
     where user_id = :user_id
   union all select 'access.oauth_clients', to_jsonb(t) - 'client_secret' from access.oauth_clients t where user_id = :user_id
   union all select 'access.oauth_consents', to_jsonb(t) from access.oauth_consents t where user_id = :user_id
   union all select 'access.oauth_refresh_tokens', to_jsonb(t) - 'token' from access.oauth_refresh_tokens t where user_id = :user_id
   union all select 'access.oauth_access_tokens', to_jsonb(t) - 'token' from access.oauth_access_tokens t where user_id = :user_id`,
  {
    params: { user_id: z.string() },
    row: z.strictObject({ held: z.string(), row: z.record(z.string(), z.unknown()) }),
  },
)

/** Every row of an account, without its passwords, tokens and other secrets. */
export async function rowsOfAccount(system: Db, userId: string) {
  return exportRows({ db: system }, { user_id: userId })
}

const erase = statement('access.forget-person', sql`select access.forget_person(:user_id) as gone`, {
  params: { user_id: z.string() },
  row: z.strictObject({ gone: z.boolean() }),
})

/** Erases a person in the transaction of `ctx.db`; true when that deleted the account itself. */
export async function erasePerson(ctx: Ctx, userId: string): Promise<boolean> {
  const [row] = await erase(ctx, { user_id: userId })
  return row?.gone === true
}

const deleteInvitations = writing(
  'access.expire-invitations',
  sql`delete from access.invitations where (tenant_id, id) in (
     select tenant_id, id from access.invitations where tenant_id = :tenant_id and expires_at < :before limit :rows_max)
   returning id`,
  { params: { before: z.date(), rows_max: z.int() }, row: z.strictObject({ id: z.string() }) },
)

/** Deletes invitations that expired before this time, and the keys of their recipients in the audit trail. */
export async function expireInvitations(ctx: WriteCtx, before: Date, rowsMax: number): Promise<number> {
  const rows = await deleteInvitations(ctx, { before, rows_max: rowsMax })
  await destroyPersonKeys(
    ctx,
    rows.map(({ id }) => `invitation:${id}`),
  )
  return rows.length
}
