import type { Mailer } from '../mail/mailer.ts'

interface Recipient {
  readonly user: { readonly email: string }
  readonly token: string
}

/** The mails of the auth library. They are queued; no request waits for their delivery. */
export function accountMails({ mailer, publicUrl }: { readonly mailer: Mailer; readonly publicUrl: string }) {
  return {
    verification: {
      sendVerificationEmail: async ({ user, token }: Recipient) => {
        const link = `${publicUrl}/verify-email/${token}`
        mailer.send({
          to: user.email,
          subject: 'Confirm your e-mail address',
          text: `Open this link within one hour and enter your password to confirm your e-mail address:\n\n${link}\n\nIf you did not create an account, ignore this e-mail.\n`,
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
          text: `Open this link within one hour to choose a new password:\n\n${link}\n\nIf you did not request this, ignore this e-mail. Your password stays the same.\n`,
          link,
        })
      },
      onExistingUserSignUp: async ({ user }: Pick<Recipient, 'user'>) => {
        const link = `${publicUrl}/sign-in`
        mailer.send({
          to: user.email,
          subject: 'You already have an account',
          text: `Someone, perhaps you, tried to sign up with this e-mail address, which already has an account. Sign in, or reset your password there:\n\n${link}\n`,
          link,
        })
      },
    },
  }
}
