import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

export interface RefreshTokenRow {
  readonly session_id: string
  readonly user_id: string
  readonly active_tenant_id: string | null
  readonly session_expires_at: Date
  readonly expires_at: Date
  readonly used_at: Date | null
  readonly used_network: Buffer | null
}

const insertToken = statement(
  'access.insert-refresh-token',
  'insert into access.refresh_tokens (hash, session_id, issued_at, expires_at) values ($1, $2, $3, $4)',
)
const lockToken = statement<RefreshTokenRow>(
  'access.lock-refresh-token',
  `select t.session_id, s.user_id, s.active_tenant_id, s.expires_at as session_expires_at, t.expires_at, t.used_at,
     t.used_network
   from access.refresh_tokens t join access.sessions s on s.id = t.session_id
   where t.hash = $1 for update of s, t`,
)
const markUsed = statement(
  'access.use-refresh-token',
  'update access.refresh_tokens set used_at = $2, used_network = $3 where hash = $1',
)
const prolongSession = statement(
  'access.prolong-session',
  'update access.sessions set expires_at = greatest(expires_at, $2), updated_at = $3 where id = $1',
)

export async function insertRefreshToken(
  db: Db,
  token: { readonly hash: Buffer; readonly sessionId: string; readonly issuedAt: Date; readonly expiresAt: Date },
): Promise<void> {
  await insertToken(db, [token.hash, token.sessionId, token.issuedAt, token.expiresAt])
}

/** Locks the session and the token: of two uses at once the second sees that the first was made. */
export async function lockRefreshToken(tx: Db, hash: Buffer): Promise<RefreshTokenRow | undefined> {
  const [row] = await lockToken(tx, [hash])
  return row
}

export async function useRefreshToken(tx: Db, hash: Buffer, now: Date, network: Buffer): Promise<void> {
  await markUsed(tx, [hash, now, network])
}

export async function prolongSessionTo(tx: Db, sessionId: string, expiresAt: Date, now: Date): Promise<void> {
  await prolongSession(tx, [sessionId, expiresAt, now])
}
