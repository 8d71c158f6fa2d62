import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import type { Mailer } from '../mail/mailer.ts'
import { refuse } from './refuse.ts'

/** What leads nowhere without a mail. A sign-up is among them where the address must be confirmed. */
const ENDS_IN_A_MAIL: ReadonlySet<string> = new Set(['/send-verification-email', '/request-password-reset'])

/** Says at once, and to everybody alike, that no mail can be sent, instead of letting people wait for one. */
export function mailNeeded(mailer: Pick<Mailer, 'delivers'>, requireVerifiedEmail: boolean): BetterAuthPlugin {
  const isNeeded = (path: string | undefined) =>
    path !== undefined && (ENDS_IN_A_MAIL.has(path) || (requireVerifiedEmail && path === '/sign-up/email'))
  return {
    id: 'plimsoll-mail-needed',
    hooks: {
      before: [
        {
          matcher: ({ path }) => !mailer.delivers && isNeeded(path),
          handler: createAuthMiddleware(async () => {
            throw refuse.noMail()
          }),
        },
      ],
    },
  }
}
