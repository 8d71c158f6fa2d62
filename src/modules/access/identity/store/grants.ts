import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import type { On } from '#kernel/database/statement'
import { statement } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'

const TokenRef = { user_id: z.string(), tenant_id: z.string(), session_id: z.string() }

const selectGrant = statement(
  'access.find-token-grant',
  sql`select m.role, s.expires_at
    from access.sessions s
    join access.members m on m.user_id = s.user_id and m.tenant_id = :tenant_id
    where s.id = :session_id and s.user_id = :user_id`,
  { params: TokenRef, row: z.strictObject({ role: z.enum(ROLES), expires_at: z.date() }) },
)

/**
 * The person's current role in a tenant, and the expiry of the session, for a token of this session. Undefined when the
 * session has ended or the person is not a member. For the system handle.
 */
export async function findTokenGrant(
  on: On,
  token: { readonly userId: string; readonly tenantId: string; readonly sessionId: string },
): Promise<{ readonly role: Role; readonly sessionExpiresAt: Date } | undefined> {
  const { userId: user_id, tenantId: tenant_id, sessionId: session_id } = token
  const [row] = await selectGrant(on, { user_id, tenant_id, session_id })
  return row && { role: row.role, sessionExpiresAt: row.expires_at }
}
