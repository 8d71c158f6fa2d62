import { z } from 'zod'
import type { OnTx } from '#kernel/database/statement'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'

const Bytes = z.instanceof(Buffer)

const RefreshTokenRow = z.strictObject({
  session_id: z.string(),
  user_id: z.string(),
  active_tenant_id: z.string().nullable(),
  session_expires_at: z.date(),
  expires_at: z.date(),
  used_at: z.date().nullable(),
  used_network: Bytes.nullable(),
})
export type RefreshTokenRow = z.output<typeof RefreshTokenRow>

const NewToken = z.object({ hash: Bytes, session_id: z.string(), issued_at: z.date(), expires_at: z.date() })

const insertToken = writing(
  'access.insert-refresh-token',
  sql`insert into access.refresh_tokens (hash, session_id, issued_at, expires_at)
    values (:hash, :session_id, :issued_at, :expires_at)`,
  { params: NewToken.shape },
)
const lockToken = writing(
  'access.lock-refresh-token',
  sql`select t.session_id, s.user_id, s.active_tenant_id, s.expires_at as session_expires_at, t.expires_at, t.used_at,
      t.used_network
    from access.refresh_tokens t join access.sessions s on s.id = t.session_id
    where t.hash = :hash for update of s, t`,
  { params: { hash: Bytes }, row: RefreshTokenRow },
)
export const useRefreshToken = writing(
  'access.use-refresh-token',
  sql`update access.refresh_tokens set used_at = :now, used_network = :network where hash = :hash`,
  { params: { hash: Bytes, now: z.date(), network: Bytes } },
)
const prolongSession = writing(
  'access.prolong-session',
  sql`update access.sessions set expires_at = greatest(expires_at, :expires_at), updated_at = :issued_at
    where id = :session_id`,
  { params: NewToken.omit({ hash: true }).shape },
)

/** Inserts a refresh token, and extends its session to at least the token's expiry. */
export async function insertRefreshToken(on: OnTx, token: z.output<typeof NewToken>): Promise<void> {
  await insertToken(on, token)
  await prolongSession(on, token)
}

/** Locks the session and the token, so that the second of two concurrent uses sees the first. */
export async function lockRefreshToken(on: OnTx, hash: Buffer): Promise<RefreshTokenRow | undefined> {
  const [row] = await lockToken(on, { hash })
  return row
}
