import type { Db } from '#kernel/database/db'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { me, mySessions, revokeSession, revokeSessions } from '../account.ts'
import type { Library } from '../library.ts'
import { ownCredentials } from '../own-credentials.ts'

const tags = ['account']

/** The caller's own account: who am I, my sessions, my password, my second factor. */
export function accountRoutes(system: Db, library: Library): Route[] {
  const { changePassword, enrolTwoFactor, confirmTwoFactor, disableTwoFactor } = ownCredentials(library)
  return [
    route(me(system), {
      method: 'GET',
      path: '/api/v1/users/me',
      tags,
      summary: 'Who calls, and the organisations they are in',
    }),
    route(mySessions(system), {
      method: 'GET',
      path: '/api/v1/auth/sessions',
      tags,
      summary: 'Your sessions, the latest used first',
    }),
    route(revokeSession(system), {
      method: 'DELETE',
      path: '/api/v1/auth/sessions/:session_id',
      tags,
      summary: 'End one of your sessions; its tokens are refused at once',
    }),
    route(revokeSessions(system), {
      method: 'DELETE',
      path: '/api/v1/auth/sessions',
      tags,
      summary: 'End all your sessions, this one included',
    }),
    route(changePassword, {
      method: 'POST',
      path: '/api/v1/auth/password/change',
      tags,
      summary: 'Choose another password; every session ends, this one included',
    }),
    route(enrolTwoFactor, {
      method: 'POST',
      path: '/api/v1/auth/two-factor/enrol',
      tags,
      summary: 'Begin two-factor sign-in: the secret for an authenticator app, and backup codes, shown once',
    }),
    route(confirmTwoFactor, {
      method: 'POST',
      path: '/api/v1/auth/two-factor/confirm',
      tags,
      summary: 'Turn two-factor sign-in on with a first code of the app',
    }),
    route(disableTwoFactor, {
      method: 'POST',
      path: '/api/v1/auth/two-factor/disable',
      tags,
      summary: 'Turn two-factor sign-in off',
    }),
  ]
}
