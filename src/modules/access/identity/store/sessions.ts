import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** Sessions are of people of all tenants: `db` is the system handle. */

export interface SessionRow {
  readonly id: string
  readonly user_id: string
  readonly active_tenant_id: string | null
  readonly created_at: Date
  readonly updated_at: Date
  readonly expires_at: Date
  readonly ip_address: string | null
  readonly user_agent: string | null
}

const COLUMNS = 'id, user_id, active_tenant_id, created_at, updated_at, expires_at, ip_address, user_agent'

const selectByToken = statement<SessionRow>(
  'access.find-session-by-token',
  `select ${COLUMNS} from access.sessions where token = $1`,
)
const selectOfUser = statement<SessionRow>(
  'access.list-sessions',
  `select ${COLUMNS} from access.sessions where user_id = $1 and expires_at > $2 order by updated_at desc, id limit 200`,
)
const deleteOne = statement<SessionRow>(
  'access.end-session',
  `delete from access.sessions where id = $1 and user_id = $2 returning ${COLUMNS}`,
)
const deleteOfUser = statement<{ id: string }>(
  'access.end-sessions',
  'delete from access.sessions where user_id = $1 returning id',
)
const updateTenant = statement(
  'access.switch-session-tenant',
  'update access.sessions set active_tenant_id = $2, updated_at = $3 where id = $1',
)
const deleteExpired = statement('access.forget-sessions', 'delete from access.sessions where expires_at < $1')
const deleteVerifications = statement(
  'access.forget-verifications',
  'delete from access.verifications where expires_at < $1',
)

export async function findSessionByToken(db: Db, token: string): Promise<SessionRow | undefined> {
  const [row] = await selectByToken(db, [token])
  return row
}

/** The latest used first, at most 200. */
export async function listSessions(db: Db, userId: string, now: Date): Promise<SessionRow[]> {
  return selectOfUser(db, [userId, now])
}

/** Undefined when the person has no such session. */
export async function endSession(db: Db, sessionId: string, userId: string): Promise<SessionRow | undefined> {
  const [row] = await deleteOne(db, [sessionId, userId])
  return row
}

/** How many there were. */
export async function endSessions(db: Db, userId: string): Promise<number> {
  return (await deleteOfUser(db, [userId])).length
}

export async function switchSessionTenant(db: Db, sessionId: string, tenantId: string, now: Date): Promise<void> {
  await updateTenant(db, [sessionId, tenantId, now])
}

/** Deletes what has expired, with the refresh tokens that belong to it. */
export async function forgetExpired(db: Db, before: Date): Promise<void> {
  await deleteExpired(db, [before])
  await deleteVerifications(db, [before])
}
