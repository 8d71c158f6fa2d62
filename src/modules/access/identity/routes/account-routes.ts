import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { me, mySessions, revokeSession, revokeSessions } from '../account.ts'
import type { Library } from '../library.ts'
import { requirePerson } from '../role-rules.ts'
import { MeAnswer, MessageAnswer, NewPassword, Password, SessionAnswer } from './shapes.ts'

const TAGS = ['account']

/** The caller's own account: who am I, my sessions, my password, my second factor. */
export function accountRoutes(system: Db, library: Library): Route[] {
  return [meRoute(system), ...sessionRoutes(system), ...passwordRoutes(library), ...twoFactorRoutes(library)]
}

function meRoute(system: Db): Route {
  const read = me(system)
  return route({
    method: 'GET',
    path: '/api/v1/users/me',
    summary: 'Who calls, and the organisations they are in',
    tags: TAGS,
    scope: 'account:read',
    response: MeAnswer,
    run: async (ctx) => {
      const { person, memberships } = await read(ctx)
      return {
        ...{ id: person.id, name: person.name, email: person.email, email_verified: person.email_verified },
        ...{ two_factor: person.two_factor_enabled, created_at: person.created_at.toISOString() },
        ...{ tenant_id: ctx.tenantId, role: ctx.role ?? null },
        organizations: memberships.map(({ tenant_id, tenant_name: name, role, since }) => ({
          ...{ tenant_id, name, role, since: since.toISOString() },
        })),
      }
    },
  })
}

function sessionRoutes(system: Db): Route[] {
  const [list, end, endAll] = [mySessions(system), revokeSession(system), revokeSessions(system)]
  return [
    route({
      method: 'GET',
      path: '/api/v1/auth/sessions',
      summary: 'Your sessions, the latest used first',
      tags: TAGS,
      scope: 'account:read',
      response: z.array(SessionAnswer),
      run: async (ctx) =>
        (await list(ctx)).map((row) => ({
          ...{ session_id: row.id, tenant_id: row.active_tenant_id },
          ...{ ip_address: row.ip_address, user_agent: row.user_agent },
          created_at: row.created_at.toISOString(),
          last_used_at: row.updated_at.toISOString(),
          expires_at: row.expires_at.toISOString(),
        })),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/auth/sessions/:session_id',
      summary: 'End one of your sessions; its tokens are refused at once',
      tags: TAGS,
      scope: 'account:write',
      params: z.object({ session_id: z.string().min(1).max(100) }),
      response: z.object({ session_id: z.string(), status: z.literal('revoked') }),
      run: async (ctx, { params }) => {
        const { id } = await end(ctx, { sessionId: params.session_id })
        return { session_id: id, status: 'revoked' as const }
      },
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/auth/sessions',
      summary: 'End all your sessions, this one included',
      tags: TAGS,
      scope: 'account:write',
      response: z.object({ revoked: z.number().int() }),
      run: async (ctx) => ({ revoked: (await endAll(ctx)).count }),
    }),
  ]
}

function passwordRoutes(library: Library): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/auth/password/change',
      summary: 'Choose another password; every session ends, this one included',
      tags: TAGS,
      scope: 'account:write',
      body: z.strictObject({ current_password: Password, password: NewPassword }),
      response: MessageAnswer,
      run: async (ctx, { body }) => {
        const sent = { currentPassword: body.current_password, newPassword: body.password }
        await library.postAs(self(ctx), '/change-password', sent, from(ctx))
        return { status: 'changed', message: 'The password is changed and every session ended. Sign in again.' }
      },
    }),
  ]
}

function twoFactorRoutes(library: Library): Route[] {
  return [
    route({
      method: 'POST',
      path: '/api/v1/auth/two-factor/enrol',
      summary: 'Begin two-factor sign-in: the secret for an authenticator app, and backup codes, shown once',
      tags: TAGS,
      scope: 'account:write',
      body: z.strictObject({ password: Password }),
      response: z.object({ totp_uri: z.string(), backup_codes: z.array(z.string()) }),
      run: async (ctx, { body }) => {
        const answer = await library.postAs(self(ctx), '/two-factor/enable', { password: body.password }, from(ctx))
        const codes = answer.body['backupCodes']
        return { totp_uri: String(answer.body['totpURI']), backup_codes: Array.isArray(codes) ? codes.map(String) : [] }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/two-factor/confirm',
      summary: 'Turn two-factor sign-in on with a first code of the app',
      tags: TAGS,
      scope: 'account:write',
      body: z.strictObject({ code: z.string().regex(/^\d{6}$/, 'six digits') }),
      response: MessageAnswer,
      run: async (ctx, { body }) => {
        await library.postAs(self(ctx), '/two-factor/verify-totp', { code: body.code }, from(ctx))
        return { status: 'on', message: 'From now on a sign-in needs a code.' }
      },
    }),
    route({
      method: 'POST',
      path: '/api/v1/auth/two-factor/disable',
      summary: 'Turn two-factor sign-in off',
      tags: TAGS,
      scope: 'account:write',
      body: z.strictObject({ password: Password }),
      response: MessageAnswer,
      run: async (ctx, { body }) => {
        await library.postAs(self(ctx), '/two-factor/disable', { password: body.password }, from(ctx))
        return { status: 'off', message: 'A sign-in needs the password alone.' }
      },
    }),
  ]
}

const self = (ctx: Ctx) => ({ userId: requirePerson(ctx), tenantId: ctx.tenantId })

/** The call was admitted before: where it came from is in the events of its admission. */
const from = (ctx: Ctx) => ({ requestId: ctx.requestId, address: '', headers: new Headers() })
