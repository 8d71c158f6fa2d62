import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Mailer } from './mailer.ts'

/** Mails with one subject that one address gets in a window. */
const MAILS_MAX = 5
const WINDOW_MILLISECONDS = 15 * 60_000
const RECIPIENTS_MAX = 10_000

/**
 * A mailer with a limit per recipient and subject, so that nobody can flood a mailbox through this server. The dropped
 * mails are not needed: the links of the mails sent before are valid for longer than the window.
 */
export function rateLimitedMailer(
  mailer: Mailer,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Mailer {
  const sentAt = new LRUCache<string, readonly number[]>({ max: RECIPIENTS_MAX })
  return {
    ...mailer,
    send(mail) {
      const now = clock().getTime()
      const key = JSON.stringify([mail.to.toLowerCase(), mail.subject])
      const recent = (sentAt.get(key) ?? []).filter((at) => now - at < WINDOW_MILLISECONDS)
      if (recent.length >= MAILS_MAX) {
        log.warn({ subject: mail.subject }, 'a mail was not sent: its recipient has reached the limit for this subject')
        return
      }
      sentAt.set(key, [...recent, now])
      mailer.send(mail)
    },
  }
}
