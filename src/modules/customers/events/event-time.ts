const EARLIEST = Date.UTC(2000, 0, 1)
const DAY_MILLISECONDS = 86_400_000
const SKEW_MILLISECONDS_MAX = 60_000

/** UTC with milliseconds, on a day up to the 28th: such a text is valid in every month and needs no parsing. */
const CANONICAL = /^\d{4}-(?:0\d|1[0-2])-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

/** An ISO 8601 date or date-time; UTC if it has no offset. */
const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/

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
  return at === parsed && typeof timestamp === 'string' && CANONICAL.test(timestamp)
    ? timestamp
    : new Date(at).toISOString()
}

/** Parses a time strictly: unlike `Date`, it rejects 30 February and informal formats. */
function millisecondsOf(time: string | number): number {
  if (typeof time === 'number' || CANONICAL.test(time)) return new Date(time).getTime()
  const [, year, month, day, clock = '00:00', offset = 'Z'] = ISO_8601.exec(time) ?? []
  if (day === undefined || Number(day) > daysOf(Number(year), Number(month))) return Number.NaN
  const [, hours = '', minutes = '00'] = /^([+-]\d{2}):?(\d{2})?$/.exec(offset) ?? []
  const zone = hours === '' ? 'Z' : `${hours}:${minutes}`
  return new Date(`${year}-${month}-${day}T${clock}${zone}`).getTime()
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
