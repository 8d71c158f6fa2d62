import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import type { OnTx } from '#kernel/database/statement'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

/** Sessions belong to no tenant: every statement here needs the system handle. */

/** A session; `answered` converts its times for answers. */
export const Session = z.strictObject({
  session_id: z.string(),
  tenant_id: z.string().nullable(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  created_at: z.date(),
  last_used_at: z.date(),
  expires_at: z.date(),
})
export type Session = z.output<typeof Session>

const OwnedSession = Session.pick({ session_id: true, tenant_id: true }).extend({ user_id: z.string() })
export type OwnedSession = z.output<typeof OwnedSession>

const OWNED = sql`id as session_id, active_tenant_id as tenant_id, user_id`
const ById = { session_id: z.string() }
const OfUser = { user_id: z.string() }
const Expired = { before: z.date() }

const selectByToken = statement(
  'access.find-session-by-token',
  sql`select ${OWNED} from access.sessions where token = :token`,
  { params: { token: z.string() }, row: OwnedSession },
)
const selectOfUser = statement(
  'access.list-sessions',
  sql`select id as session_id, active_tenant_id as tenant_id, ip_address, user_agent, created_at,
      updated_at as last_used_at, expires_at
    from access.sessions where user_id = :user_id and expires_at > :now order by updated_at desc, id limit 200`,
  { params: { ...OfUser, now: z.date() }, row: Session },
)
const deleteOne = writing(
  'access.end-session',
  sql`delete from access.sessions where id = :session_id and user_id = :user_id returning ${OWNED}`,
  { params: { ...ById, ...OfUser }, row: OwnedSession },
)
const deleteOfUser = writing(
  'access.end-sessions',
  sql`delete from access.sessions where user_id = :user_id returning id`,
  { params: OfUser, row: z.strictObject({ id: z.string() }) },
)
const updateTenant = writing(
  'access.switch-session-tenant',
  sql`update access.sessions set active_tenant_id = :tenant_id, updated_at = :now where id = :session_id`,
  { params: { ...ById, tenant_id: z.string(), now: z.date() } },
)
const deleteExpired = writing('access.forget-sessions', sql`delete from access.sessions where expires_at < :before`, {
  params: Expired,
})
const deleteVerifications = writing(
  'access.forget-verifications',
  sql`delete from access.verifications where expires_at < :before`,
  { params: Expired },
)

export async function findSessionByToken(db: Db, token: string): Promise<OwnedSession | undefined> {
  const [row] = await selectByToken({ db }, { token })
  return row
}

/** Most recently used first, at most 200. */
export async function listSessions(db: Db, userId: string, now: Date): Promise<Session[]> {
  return selectOfUser({ db }, { user_id: userId, now })
}

/** Ends a session; undefined when the person has no such session. */
export async function endSession(on: OnTx, sessionId: string, userId: string): Promise<OwnedSession | undefined> {
  const [row] = await deleteOne(on, { session_id: sessionId, user_id: userId })
  return row
}

/** Ends all sessions of a person, and returns how many. */
export async function endSessions(on: OnTx, userId: string): Promise<number> {
  return (await deleteOfUser(on, { user_id: userId })).length
}

export async function switchSessionTenant(on: OnTx, sessionId: string, tenantId: string, now: Date): Promise<void> {
  await updateTenant(on, { session_id: sessionId, tenant_id: tenantId, now })
}

/** Deletes expired sessions with their refresh tokens, and expired verifications. */
export async function forgetExpired(db: Db, before: Date): Promise<void> {
  await deleteExpired(autocommit({ db }), { before })
  await deleteVerifications(autocommit({ db }), { before })
}
