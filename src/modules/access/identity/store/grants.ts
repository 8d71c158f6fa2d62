import type { Role } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

const selectGrant = statement<{ role: Role; expires_at: Date }>(
  'access.find-token-grant',
  `select m.role, s.expires_at
   from access.sessions s
   join access.members m on m.user_id = s.user_id and m.tenant_id = $3
   where s.id = $1 and s.user_id = $2`,
)

/**
 * What a token of this session may still do in this tenant: the person's role there as it is now. Undefined when the
 * session ended or the person is no member. `db` is the system handle.
 */
export async function findTokenGrant(
  db: Db,
  token: { readonly userId: string; readonly tenantId: string; readonly sessionId: string },
): Promise<{ readonly role: Role; readonly sessionExpiresAt: Date } | undefined> {
  const [row] = await selectGrant(db, [token.sessionId, token.userId, token.tenantId])
  return row === undefined ? undefined : { role: row.role, sessionExpiresAt: row.expires_at }
}
