import type { Config } from '#kernel/config/config'
import type { Check } from '#kernel/startup/check'
import type { AuthSettings } from '../auth-settings.ts'

/** Whether unsent mails are written to the log: only in development and test, because they contain secret links. */
export function writesMails(environment: Config['server']['environment']): boolean {
  return environment === 'development' || environment === 'test'
}

/** A startup check that warns when no mail server is set: nobody can confirm an address or reset a password then. */
export function mailCheck(
  { smtpUrl }: Pick<AuthSettings, 'smtpUrl'>,
  environment: Config['server']['environment'],
): Check {
  return {
    name: 'access.mail',
    describe: 'mail can be sent',
    run() {
      if (smtpUrl !== undefined) return { outcome: 'pass', message: 'Mail is sent by the server of SMTP_URL.' }
      if (writesMails(environment)) return { outcome: 'pass', message: 'Mail is written to the log.' }
      const message = 'SMTP_URL is unset: no mail is sent, so nobody can confirm an address or reset a password'
      return { outcome: 'warning', message }
    },
  }
}
