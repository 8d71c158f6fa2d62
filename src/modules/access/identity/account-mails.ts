import type { Mailer } from '../mail/mailer.ts'
import { AUTH_BASE_PATH } from './endpoints.ts'

interface Recipient {
  readonly user: { readonly email: string }
  readonly token: string
}

/** The mails that the auth library asks for. They are handed over, never waited for. */
export function accountMails({ mailer, publicUrl }: { readonly mailer: Mailer; readonly publicUrl: string }) {
  return {
    verification: {
      sendVerificationEmail: async ({ user, token }: Recipient) => {
        const link = `${publicUrl}${AUTH_BASE_PATH}/verify/${token}`
        mailer.send({
          to: user.email,
          subject: 'Confirm your e-mail address',
          text: `Open this link within an hour to confirm your address:\n\n${link}\n\nIf you made no account, ignore this mail.\n`,
          link,
        })
      },
    },
    password: {
      sendResetPassword: async ({ user, token }: Recipient) => {
        const link = `${publicUrl}/reset-password/${token}`
        mailer.send({
          to: user.email,
          subject: 'Choose a new password',
          text: `Open this link within an hour to choose a new password:\n\n${link}\n\nIf you did not ask for it, ignore this mail: nothing changes.\n`,
          link,
        })
      },
      onExistingUserSignUp: async ({ user }: Pick<Recipient, 'user'>) => {
        const link = `${publicUrl}/sign-in`
        mailer.send({
          to: user.email,
          subject: 'You have an account already',
          text: `Somebody, perhaps you, tried to make an account with this address. You have one: sign in, or ask for a new password.\n\n${link}\n`,
          link,
        })
      },
    },
  }
}
