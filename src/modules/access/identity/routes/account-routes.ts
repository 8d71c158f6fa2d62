import type { Db } from '#kernel/database/db'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { me, mySessions, revokeSession, revokeSessions } from '../account.ts'
import type { Library } from '../library.ts'
import { ownCredentials } from '../own-credentials.ts'

const tags = ['account']

/** The routes of the caller's own account: profile, sessions, password and second factor. */
export function accountRoutes(system: Db, library: Library): Route[] {
  const { changePassword, enrolTwoFactor, confirmTwoFactor, disableTwoFactor } = ownCredentials(library)
  return [
    route(me(system), {
      method: 'GET',
      path: '/api/v1/users/me',
      tags,
      summary: 'Your account and your organisations',
    }),
    route(mySessions(system), {
      method: 'GET',
      path: '/api/v1/auth/sessions',
      tags,
      summary: 'Your sessions, most recently used first',
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
      summary: 'End all your sessions, including this one',
    }),
    route(changePassword, {
      method: 'POST',
      path: '/api/v1/auth/password/change',
      tags,
      summary: 'Change your password; this ends all your sessions, including this one',
    }),
    route(enrolTwoFactor, {
      method: 'POST',
      path: '/api/v1/auth/two-factor/enrol',
      tags,
      summary: 'Set up two-factor sign-in: a secret for an authenticator app, and backup codes, shown once',
    }),
    route(confirmTwoFactor, {
      method: 'POST',
      path: '/api/v1/auth/two-factor/confirm',
      tags,
      summary: 'Turn on two-factor sign-in with a first code from the app',
    }),
    route(disableTwoFactor, {
      method: 'POST',
      path: '/api/v1/auth/two-factor/disable',
      tags,
      summary: 'Turn off two-factor sign-in',
    }),
  ]
}
