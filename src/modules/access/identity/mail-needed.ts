import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import type { Mailer } from '../mail/mailer.ts'
import { apiErrors } from './api-errors.ts'

/** The endpoints that are useless without a mail. Sign-up is another where addresses must be confirmed. */
const MAIL_PATHS: ReadonlySet<string> = new Set(['/send-verification-email', '/request-password-reset'])

/** A plugin that refuses endpoints which need a mail when none can be sent, for every e-mail address alike. */
export function mailNeeded(mailer: Pick<Mailer, 'delivers'>, requireVerifiedEmail: boolean): BetterAuthPlugin {
  const isNeeded = (path: string | undefined) =>
    path !== undefined && (MAIL_PATHS.has(path) || (requireVerifiedEmail && path === '/sign-up/email'))
  return {
    id: 'plimsoll-mail-needed',
    hooks: {
      before: [
        {
          matcher: ({ path }) => !mailer.delivers && isNeeded(path),
          handler: createAuthMiddleware(async () => {
            throw apiErrors.mailUnavailable()
          }),
        },
      ],
    },
  }
}
