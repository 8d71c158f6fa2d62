import { destroyPersonKeys } from '#kernel/audit/person-keys'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** A person who is a member of the context's tenant, and of how many others. */
export interface Account {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: string
  readonly other_tenants: number
  /** Whether the account goes when this tenant forgets the person. */
  readonly goes: boolean
  /** Organisations that have no owner once this tenant forgets the person; their own without anybody else is none. */
  readonly ownerless: number
}

const findAccounts = statement<Account>(
  'access.find-accounts-of-person',
  `select u.id, u.email, u.name, m.role, o.others as other_tenants,
     g.goes, w.ownerless
   from access.users u
   join access.members m on m.user_id = u.id and m.tenant_id = $1
   cross join lateral (select 'org_' || lower(regexp_replace(u.id, '^[^_]*_', '')) as tenant_id) p
   cross join lateral (select count(*) as others from access.members x where x.user_id = u.id and x.tenant_id <> $1) o
   cross join lateral (select o.others = 0 or m.tenant_id = p.tenant_id as goes) g
   cross join lateral (
     select count(*)::int as ownerless from access.members x
     where x.user_id = u.id and x.role = 'owner' and (x.tenant_id = $1 or g.goes) and not exists (
         select from access.members y where y.tenant_id = x.tenant_id and y.user_id <> u.id and y.role = 'owner')
       and (x.tenant_id <> p.tenant_id or exists (
         select from access.members y where y.tenant_id = x.tenant_id and y.user_id <> u.id))
   ) w
   where u.id = any($2::text[]) or u.email = any($3::text[])
   order by u.id`,
)

/** Of whoever has left the tenant nothing is known to it any more. `system` is the system handle. */
export async function accountsOf(
  ctx: Ctx,
  system: Db,
  { ids, emails }: { readonly ids: readonly string[]; readonly emails: readonly string[] },
): Promise<Account[]> {
  return findAccounts(system, [ctx.tenantId, ids, emails])
}

const exportRows = statement<{ held: string; row: Readonly<Record<string, unknown>> }>(
  'access.export-account',
  `select 'access.users' as held, to_jsonb(t) as row from access.users t where id = $1
   union all select 'access.members', to_jsonb(t) from access.members t where user_id = $1
   union all select 'access.sessions', to_jsonb(t) - 'token' from access.sessions t where user_id = $1
   union all select 'access.accounts',
     to_jsonb(t) - array['password', 'access_token', 'refresh_token', 'id_token'] from access.accounts t where user_id = $1
   union all select 'access.two_factors', jsonb_build_object('id', id, 'verified', verified) from access.two_factors
     where user_id = $1
   union all select 'access.oauth_clients', to_jsonb(t) - 'client_secret' from access.oauth_clients t where user_id = $1
   union all select 'access.oauth_consents', to_jsonb(t) from access.oauth_consents t where user_id = $1
   union all select 'access.oauth_refresh_tokens', to_jsonb(t) - 'token' from access.oauth_refresh_tokens t where user_id = $1
   union all select 'access.oauth_access_tokens', to_jsonb(t) - 'token' from access.oauth_access_tokens t where user_id = $1`,
)

/** Everything about an account but its secrets: passwords and tokens are of no use to anybody but a thief. */
export async function rowsOfAccount(system: Db, userId: string) {
  return exportRows(system, [userId])
}

const forget = statement<{ gone: boolean }>('access.forget-person', 'select access.forget_person($1) as gone')

/** In the transaction of `ctx.db`; whether the account itself went. */
export async function forgetPerson(ctx: Ctx, userId: string): Promise<boolean> {
  const [row] = await forget(ctx.db, [userId])
  return row?.gone === true
}

const deleteInvitations = statement<{ id: string }>(
  'access.expire-invitations',
  `delete from access.invitations where (tenant_id, id) in (
     select tenant_id, id from access.invitations where tenant_id = $1 and expires_at < $2 limit $3)
   returning id`,
)

/** Of invitations that were over before this time; what the audit trail says of whom they were for goes with them. */
export async function expireInvitations(ctx: Ctx, before: Date, rowsMax: number): Promise<number> {
  const rows = await deleteInvitations(ctx.db, [ctx.tenantId, before, rowsMax])
  await destroyPersonKeys(
    ctx,
    rows.map(({ id }) => `invitation:${id}`),
  )
  return rows.length
}
