import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Mailer } from './mailer.ts'

/** Mails of one kind to one address within the time. Who did not get the first few will not get the next. */
const MAILS_MAX = 5
const MILLISECONDS = 15 * 60_000
const RECIPIENTS_MAX = 10_000

/**
 * Sends nobody the same mail over and over, however many ask for it from wherever: a mailbox must not be flooded from
 * here. What is held back is not missed, since the links of the mails before it are good for longer.
 */
export function sparingMailer(mailer: Mailer, { clock, log }: { readonly clock: Clock; readonly log: Logger }): Mailer {
  const sentAt = new LRUCache<string, readonly number[]>({ max: RECIPIENTS_MAX })
  return {
    ...mailer,
    send(mail) {
      const now = clock().getTime()
      const key = JSON.stringify([mail.to.toLowerCase(), mail.subject])
      const recent = (sentAt.get(key) ?? []).filter((at) => now - at < MILLISECONDS)
      if (recent.length >= MAILS_MAX) {
        log.warn({ subject: mail.subject }, 'a mail was held back: its recipient just got several of the kind')
        return
      }
      sentAt.set(key, [...recent, now])
      mailer.send(mail)
    },
  }
}
