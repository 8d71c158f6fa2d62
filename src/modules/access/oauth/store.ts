import type { Role } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

interface MemberRow {
  readonly user_id: string
  readonly role: Role
}

/** A refresh token as it was given to a client. */
export interface RefreshToken {
  readonly authorization_code_id: string
  readonly client_id: string
  readonly user_id: string
  readonly reference_id: string | null
  readonly revoked: Date | null
}

const selectRevocation = statement<{ is_revoked: boolean }>(
  'access.find-oauth-revocation',
  `select exists (select from access.oauth_revocations where session_id = $1 and grant_id = $2)
     or not exists (
       select from access.oauth_consents where client_id = $3 and user_id = $4 and reference_id = $5
     ) as is_revoked`,
)
const selectRefreshToken = statement<RefreshToken>(
  'access.find-oauth-refresh-token',
  `select authorization_code_id, client_id, user_id, reference_id, revoked
   from access.oauth_refresh_tokens where token = $1`,
)
const deleteExpiredTokens = statement(
  'access.forget-oauth-tokens',
  'delete from access.oauth_refresh_tokens where expires_at < $1',
)
const deleteIdleClients = statement(
  'access.forget-oauth-clients',
  `delete from access.oauth_clients c where c.created_at < $1 and c.updated_at < $1
   and not exists (select from access.oauth_consents o where o.client_id = c.client_id)
   and not exists (select from access.oauth_refresh_tokens t where t.client_id = c.client_id)`,
)
const deleteAssertions = statement(
  'access.forget-oauth-assertions',
  'delete from access.oauth_client_assertions where expires_at < $1',
)
const selectMemberByVerifiedEmail = statement<MemberRow>(
  'access.find-member-by-verified-email',
  `select m.user_id, m.role
   from access.users u
   join access.members m on m.user_id = u.id and m.tenant_id = $2
   where u.email = lower($1) and u.email_verified`,
)
const selectMember = statement<MemberRow>(
  'access.find-member',
  'select user_id, role from access.members where user_id = $1 and tenant_id = $2',
)

/** What a program holds of a person: by which code it began, in which session, for which tenant. */
export interface Granted {
  readonly id: string
  readonly clientId: string
  readonly sessionId: string
  readonly userId: string
  readonly tenantId: string
}

/** Whether it was taken back, or the consent that it rests on; this and all others with the system handle. */
export async function isGrantRevoked(db: Db, granted: Granted): Promise<boolean> {
  const { id, clientId, sessionId, userId, tenantId } = granted
  const [row] = await selectRevocation(db, [sessionId, id, clientId, userId, tenantId])
  return row?.is_revoked !== false
}

/** By the hash of the token. */
export async function findRefreshToken(db: Db, hash: string): Promise<RefreshToken | undefined> {
  return (await selectRefreshToken(db, [hash]))[0]
}

/** Deletes refresh tokens that are over, and clients that registered before `idleSince` and nobody ever let in. */
export async function forgetOAuth(db: Db, { expired, idleSince }: { expired: Date; idleSince: Date }): Promise<void> {
  await deleteExpiredTokens(db, [expired])
  await deleteAssertions(db, [expired])
  await deleteIdleClients(db, [idleSince])
}

/** Verified here; that the issuer has verified it too is its claim. */
export async function findMemberByVerifiedEmail(
  db: Db,
  email: string,
  tenantId: string,
): Promise<MemberRow | undefined> {
  return (await selectMemberByVerifiedEmail(db, [email, tenantId]))[0]
}

export async function findMember(db: Db, userId: string, tenantId: string): Promise<MemberRow | undefined> {
  return (await selectMember(db, [userId, tenantId]))[0]
}
