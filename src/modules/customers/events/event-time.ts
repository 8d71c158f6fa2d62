import { isCanonical, millisecondsOf } from '#kernel/utc-time'
import { dayOf } from '../record/days.ts'

const EARLIEST = Date.UTC(2000, 0, 1)
const DAY_MILLISECONDS = 86_400_000
const SKEW_MILLISECONDS_MAX = 60_000

/** How far the sender's clock is behind the server's, in milliseconds. 0 if `sentAt` is missing or unreadable. */
export function clockSkew(now: Date, sentAt: unknown): number {
  const sent = typeof sentAt === 'string' || typeof sentAt === 'number' ? millisecondsOf(sentAt) : Number.NaN
  return Number.isNaN(sent) ? 0 : now.getTime() - sent
}

/**
 * The time of an event by the server's clock: corrected by the sender's skew if that exceeds a minute. Now if no
 * timestamp was given; undefined if it is neither an ISO 8601 time nor a number of milliseconds, or is out of range.
 */
export function readTime(timestamp: string | number | null | undefined, now: Date, skew: number): string | undefined {
  if (timestamp === undefined || timestamp === null) return now.toISOString()
  const parsed = millisecondsOf(timestamp)
  const at = Math.abs(skew) > SKEW_MILLISECONDS_MAX ? parsed + skew : parsed
  if (Number.isNaN(at) || at < EARLIEST || at > now.getTime() + DAY_MILLISECONDS) return undefined
  // Most senders already use the canonical format; no conversion is needed then.
  return at === parsed && typeof timestamp === 'string' && isCanonical(timestamp)
    ? timestamp
    : new Date(at).toISOString()
}

/** The first day of the years that may be a customer's, and the day after the last. */
const [FIRST_DAY, PAST_LAST_DAY] = [Date.UTC(1970, 0, 1), Date.UTC(2200, 0, 1)]

/**
 * The UTC day of an ISO 8601 time or of a number of milliseconds, from 1970 to 2199; undefined for anything else. A
 * number before 2000 is refused: it is more likely seconds.
 */
export function readDay(time: unknown): string | undefined {
  if (typeof time !== 'string' && typeof time !== 'number') return undefined
  const at = millisecondsOf(time)
  const isDay = at >= (typeof time === 'number' ? EARLIEST : FIRST_DAY) && at < PAST_LAST_DAY
  return isDay ? dayOf(new Date(at)) : undefined
}
