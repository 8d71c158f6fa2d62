import { setTimeout as wait } from 'node:timers/promises'
import { createTransport } from 'nodemailer'
import type { Logger } from 'pino'
import type { Config } from '#kernel/config/config'
import type { AuthSettings } from '../auth-settings.ts'
import { writesMails } from './mail-check.ts'
import type { Mail, Mailer } from './mailer.ts'

const CONNECT_MILLISECONDS = 5000
const SOCKET_MILLISECONDS = 10_000
const RETRY_AFTER_MILLISECONDS = [2000, 10_000, 30_000]
const CLOSE_MILLISECONDS = 3000
/** Mails being sent or retried at once. It bounds the memory while the mail server is down. */
const PENDING_MAX = 1000

export interface MailerOptions {
  readonly settings: Pick<AuthSettings, 'smtpUrl' | 'mailFrom'>
  readonly environment: Config['server']['environment']
  readonly log: Logger
  /** Called with the outcome of each mail. */
  readonly finished: (outcome: 'ok' | 'failed', seconds: number) => void
  readonly retryAfterMilliseconds?: readonly number[]
}

/** The mailer of the settings: a mail server; without one the log in development and test, and nothing elsewhere. */
export function openMailer(options: MailerOptions): Mailer {
  const { settings, environment, log } = options
  if (settings.smtpUrl !== undefined) return smtpMailer(settings.smtpUrl, options)
  const isWritten = writesMails(environment)
  return {
    delivers: isWritten,
    send({ subject, link }) {
      if (isWritten) log.info({ subject, link }, 'a mail was not sent because SMTP_URL is unset: open its link')
      else log.error({ subject }, 'a mail was not sent: SMTP_URL is unset')
    },
    close: async () => undefined,
  }
}

function smtpMailer(url: string, options: MailerOptions): Mailer {
  const { settings, log, finished, retryAfterMilliseconds = RETRY_AFTER_MILLISECONDS } = options
  const transport = createTransport({
    url,
    connectionTimeout: CONNECT_MILLISECONDS,
    greetingTimeout: CONNECT_MILLISECONDS,
    socketTimeout: SOCKET_MILLISECONDS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const closing = new AbortController()
  const pending = new Set<Promise<void>>()

  const deliver = async ({ to, subject, text }: Mail): Promise<void> => {
    const startedAt = performance.now()
    const seconds = () => (performance.now() - startedAt) / 1000
    for (let tried = 0; ; tried++) {
      try {
        await transport.sendMail({ from: settings.mailFrom, to, subject, text })
        finished('ok', seconds())
        return
      } catch (error) {
        const pause = retryAfterMilliseconds[tried]
        // Only the error code is logged: the message of the mail server may contain the address.
        const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        if (pause === undefined || closing.signal.aborted) {
          finished('failed', seconds())
          log.error({ reason, subject, tries: tried + 1 }, 'a mail could not be delivered')
          return
        }
        log.warn({ reason, subject, tries: tried + 1 }, 'the delivery of a mail failed; trying again')
        // The abort on close only ends the pause: the last attempt follows at once.
        await wait(pause, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    }
  }

  return {
    delivers: true,
    send(mail) {
      if (pending.size >= PENDING_MAX) {
        log.error({ subject: mail.subject }, 'a mail was not sent: too many mails wait for the mail server')
        return
      }
      const delivering = deliver(mail).finally(() => pending.delete(delivering))
      pending.add(delivering)
    },
    async close() {
      closing.abort()
      await Promise.race([Promise.all(pending), wait(CLOSE_MILLISECONDS, undefined, { ref: false })])
      transport.close()
    },
  }
}
