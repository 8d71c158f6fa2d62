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
/** What waits at once, so that a dead mail server does not fill the memory. */
const UNDER_WAY_MAX = 1000

export interface MailerOptions {
  readonly settings: Pick<AuthSettings, 'smtpUrl' | 'mailFrom'>
  readonly environment: Config['server']['environment']
  readonly log: Logger
  /** Told how each mail ended. */
  readonly finished: (outcome: 'ok' | 'failed', seconds: number) => void
  readonly retryAfterMilliseconds?: readonly number[]
}

/** The mail server of the settings; without one, the log in development and test, and nothing in production. */
export function openMailer(options: MailerOptions): Mailer {
  const { settings, environment, log } = options
  if (settings.smtpUrl !== undefined) return smtpMailer(settings.smtpUrl, options)
  const isWritten = writesMails(environment)
  return {
    delivers: isWritten,
    send({ subject, link }) {
      if (isWritten) log.info({ subject, link }, 'mail, not sent because SMTP_URL is unset: open its link')
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
  const underWay = new Set<Promise<void>>()

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
        // The server's own words may repeat the address: only their kind is logged.
        const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
        if (pause === undefined || closing.signal.aborted) {
          finished('failed', seconds())
          log.error({ reason, subject, tries: tried + 1 }, 'a mail was given up')
          return
        }
        log.warn({ reason, subject, tries: tried + 1 }, 'the mail server did not take a mail; trying again')
        // Safe because a stop only ends the pause: the last try follows at once.
        await wait(pause, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    }
  }

  return {
    delivers: true,
    send(mail) {
      if (underWay.size >= UNDER_WAY_MAX) {
        log.error({ subject: mail.subject }, 'a mail was given up: too many wait for the mail server')
        return
      }
      const delivering = deliver(mail).finally(() => underWay.delete(delivering))
      underWay.add(delivering)
    },
    async close() {
      closing.abort()
      await Promise.race([Promise.all(underWay), wait(CLOSE_MILLISECONDS, undefined, { ref: false })])
      transport.close()
    },
  }
}
