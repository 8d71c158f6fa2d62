import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { requireScope } from '#kernel/writes/scope'
import { requirePerson } from './role-rules.ts'
import { findPerson, listMemberships } from './store/people.ts'
import type { MembershipRow, PersonRow } from './store/people.ts'
import { endSession, endSessions, listSessions } from './store/sessions.ts'
import type { SessionRow } from './store/sessions.ts'

/** Who calls, and the organisations they are in. */
export const me =
  (system: Db) =>
  async (ctx: Ctx): Promise<{ person: PersonRow; memberships: readonly MembershipRow[] }> => {
    requireScope(ctx, 'account:read')
    const userId = requirePerson(ctx)
    const [person, memberships] = await Promise.all([findPerson(system, userId), listMemberships(system, userId)])
    if (person === undefined) throw new Failure('not_found', 'This account is gone.')
    return { person, memberships }
  }

/** The caller's own sessions, in every organisation. */
export const mySessions =
  (system: Db) =>
  async (ctx: Ctx): Promise<SessionRow[]> => {
    requireScope(ctx, 'account:read')
    return listSessions(system, requirePerson(ctx), ctx.clock())
  }

/** Ends one of the caller's own sessions: its tokens are refused from the commit on, in every process. */
export function revokeSession(system: Db) {
  const write = change<{ sessionId: string }, SessionRow>(
    'identity.session-revoked',
    'account:write',
    async (ctx, { sessionId }) => {
      const ended = await endSession(ctx.db, sessionId, requirePerson(ctx))
      if (ended === undefined) throw new Failure('not_found', `You have no session ${sessionId}.`)
      return { result: ended, subject: sessionId }
    },
  )
  // Sessions are beyond the reach of a tenant's handle; the event is the tenant's all the same.
  return (ctx: Ctx, input: { sessionId: string }) => write({ ...ctx, db: system }, input)
}

/** Ends all of the caller's own sessions, this one included. */
export function revokeSessions(system: Db) {
  const write = change<object, { count: number }>('identity.sessions-revoked', 'account:write', async (ctx) => {
    const userId = requirePerson(ctx)
    const count = await endSessions(ctx.db, userId)
    return { result: { count }, subject: userId, after: { count } }
  })
  return (ctx: Ctx) => write({ ...ctx, db: system }, {})
}
