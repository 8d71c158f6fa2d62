import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import { query } from '#kernel/calls/operation'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { answered, answerOf } from '../answers.ts'
import { onSystem } from '../around.ts'
import { requirePerson } from './role-rules.ts'
import { findPerson, listMemberships, Membership, Person } from './store/people.ts'
import { endSession, endSessions, listSessions, Session } from './store/sessions.ts'

const Nothing = z.strictObject({})

/** The caller's account and the organisations they are a member of. */
export const me = (system: Db) =>
  query({
    scope: 'account:read',
    input: Nothing,
    output: answerOf(Person).extend({
      tenant_id: z.string().describe('The organisation of this call.'),
      role: z.enum(ROLES).nullable().describe('Your role in that organisation.'),
      organizations: z.array(answerOf(Membership)),
    }),
    async run(ctx) {
      const userId = requirePerson(ctx)
      const [person, memberships] = await Promise.all([findPerson(system, userId), listMemberships(system, userId)])
      if (person === undefined) throw new Failure('not_found', 'This account no longer exists.')
      return {
        ...answered(person),
        tenant_id: ctx.tenantId,
        role: ctx.role ?? null,
        organizations: memberships.map(answered),
      }
    },
  })

/** The caller's own sessions, in every organisation. */
export const mySessions = (system: Db) =>
  query({
    scope: 'account:read',
    input: Nothing,
    output: z.array(answerOf(Session)),
    run: async (ctx) => (await listSessions(system, requirePerson(ctx), ctx.clock())).map(answered),
  })

// Sessions have no tenant, so the system handle deletes them; their audit events belong to the caller's tenant.

/** Ends one of the caller's own sessions: its tokens are refused from the commit on, in every process. */
export const revokeSession = (system: Db) =>
  onSystem(
    system,
    change({
      action: 'identity.session-revoked',
      scope: 'account:write',
      effect: 'destroy',
      input: z.strictObject({ session_id: z.string().min(1).max(100) }),
      output: z.object({ session_id: z.string(), status: z.literal('revoked') }),
      async work(ctx, { session_id }) {
        const ended = await endSession(ctx, session_id, requirePerson(ctx))
        if (ended === undefined) throw new Failure('not_found', `You have no session ${session_id}.`)
        return { result: { session_id, status: 'revoked' as const }, subject: session_id }
      },
    }),
  )

/** Ends all of the caller's own sessions, this one included. */
export const revokeSessions = (system: Db) =>
  onSystem(
    system,
    change({
      action: 'identity.sessions-revoked',
      scope: 'account:write',
      effect: 'destroy',
      input: Nothing,
      output: z.object({ revoked: z.number().int() }),
      async work(ctx) {
        const userId = requirePerson(ctx)
        const count = await endSessions(ctx, userId)
        return { result: { revoked: count }, subject: userId, after: { count } }
      },
    }),
  )
