import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

// Every function here reads or writes rows of all tenants: `db` is the system handle.

/** A grant of a person to a client. `grant_id` is the id of its authorization code. */
const Grant = z.object({
  grant_id: z.string(),
  client_id: z.string(),
  session_id: z.string(),
  user_id: z.string(),
  tenant_id: z.string(),
})

/** A refresh token that was issued to a client. */
const RefreshToken = z.strictObject({
  authorization_code_id: z.string(),
  session_id: z.string(),
  client_id: z.string(),
  user_id: z.string(),
  reference_id: z.string().nullable(),
  revoked: z.date().nullable(),
})
export type RefreshToken = z.output<typeof RefreshToken>

const Member = z.strictObject({ user_id: z.string(), role: z.enum(ROLES) })
type Member = z.output<typeof Member>

const Expired = { expired: z.date() }

const selectRevocation = statement(
  'access.find-oauth-revocation',
  sql`select exists (select from access.oauth_revocations where session_id = :session_id and grant_id = :grant_id)
      or not exists (
        select from access.oauth_consents
        where client_id = :client_id and user_id = :user_id and reference_id = :tenant_id
      ) as is_revoked`,
  { params: Grant.shape, row: z.strictObject({ is_revoked: z.boolean() }) },
)
const selectRefreshToken = statement(
  'access.find-oauth-refresh-token',
  sql`select authorization_code_id, session_id, client_id, user_id, reference_id, revoked
    from access.oauth_refresh_tokens where token = :hash`,
  { params: { hash: z.string() }, row: RefreshToken },
)
const deleteExpiredTokens = writing(
  'access.forget-oauth-tokens',
  sql`delete from access.oauth_refresh_tokens where expires_at < :expired`,
  { params: Expired },
)
const deleteIdleClients = writing(
  'access.forget-oauth-clients',
  sql`delete from access.oauth_clients c where c.created_at < :idle_since and c.updated_at < :idle_since
    and not exists (select from access.oauth_consents o where o.client_id = c.client_id)
    and not exists (select from access.oauth_refresh_tokens t where t.client_id = c.client_id)`,
  { params: { idle_since: z.date() } },
)
const deleteAssertions = writing(
  'access.forget-oauth-assertions',
  sql`delete from access.oauth_client_assertions where expires_at < :expired`,
  { params: Expired },
)
const selectMemberByVerifiedEmail = statement(
  'access.find-member-by-verified-email',
  sql`select m.user_id, m.role
    from access.users u
    join access.members m on m.user_id = u.id and m.tenant_id = :tenant_id
    where u.email = lower(:email) and u.email_verified`,
  { params: { email: z.string(), tenant_id: z.string() }, row: Member },
)
const selectMember = statement(
  'access.find-member',
  sql`select user_id, role from access.members where user_id = :user_id and tenant_id = :tenant_id`,
  { params: { user_id: z.string(), tenant_id: z.string() }, row: Member },
)

const Client = z.strictObject({ token_endpoint_auth_method: z.string().nullable(), redirect_uris: z.array(z.string()) })
type Client = z.output<typeof Client>

const selectClient = statement(
  'access.find-oauth-client',
  sql`select token_endpoint_auth_method, redirect_uris from access.oauth_clients where client_id = :client_id`,
  { params: { client_id: z.string() }, row: Client },
)
const updateRedirectUris = writing(
  'access.set-oauth-redirect-uris',
  sql`update access.oauth_clients set redirect_uris = :redirect_uris::jsonb where client_id = :client_id`,
  { params: { client_id: z.string(), redirect_uris: z.string() } },
)
const insertRevocation = writing(
  'access.revoke-oauth-grant',
  sql`with ended as (
      delete from access.oauth_refresh_tokens
      where session_id = :session_id and authorization_code_id = :grant_id
    )
    insert into access.oauth_revocations (session_id, grant_id, revoked_at)
    select id, :grant_id, clock_timestamp() from access.sessions where id = :session_id
    on conflict do nothing
    returning pg_notify('access.oauth-grant-revoked', grant_id)::text as told`,
  { params: { session_id: z.string(), grant_id: z.string() }, row: z.strictObject({ told: z.string() }) },
)

/** Finds a registered client, or one whose document was fetched before. */
export async function findClient(db: Db, clientId: string): Promise<Client | undefined> {
  const [row] = await selectClient({ db }, { client_id: clientId })
  return row
}

export async function setRedirectUris(db: Db, clientId: string, uris: readonly string[]): Promise<void> {
  await updateRedirectUris(autocommit({ db }), { client_id: clientId, redirect_uris: JSON.stringify(uris) })
}

/**
 * Revokes a grant: its access tokens and its refresh tokens are refused from now on. They are deleted, because the
 * library takes a revoked token that is sent for a stolen one, and ends all grants of the client.
 */
export async function revokeGrant(db: Db, grant: { session_id: string; grant_id: string }): Promise<void> {
  await insertRevocation(autocommit({ db }), grant)
}

/** Whether the grant was revoked, or its consent withdrawn. */
export async function isGrantRevoked(db: Db, grant: z.output<typeof Grant>): Promise<boolean> {
  const [row] = await selectRevocation({ db }, grant)
  return row?.is_revoked !== false
}

/** Finds a refresh token by its hash. */
export async function findRefreshToken(db: Db, hash: string): Promise<RefreshToken | undefined> {
  const [row] = await selectRefreshToken({ db }, { hash })
  return row
}

/** Deletes expired refresh tokens and assertions, and clients without consent and without changes since `idleSince`. */
export async function deleteExpiredOAuth(
  db: Db,
  { expired, idleSince }: { expired: Date; idleSince: Date },
): Promise<void> {
  await deleteExpiredTokens(autocommit({ db }), { expired })
  await deleteAssertions(autocommit({ db }), { expired })
  await deleteIdleClients(autocommit({ db }), { idle_since: idleSince })
}

/** Finds a member by an e-mail address that was verified here. */
export async function findMemberByVerifiedEmail(db: Db, email: string, tenantId: string): Promise<Member | undefined> {
  const [row] = await selectMemberByVerifiedEmail({ db }, { email, tenant_id: tenantId })
  return row
}

export async function findMember(db: Db, userId: string, tenantId: string): Promise<Member | undefined> {
  const [row] = await selectMember({ db }, { user_id: userId, tenant_id: tenantId })
  return row
}
