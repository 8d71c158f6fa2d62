const EARLIEST = Date.UTC(2000, 0, 1)
const DAY_MILLISECONDS = 86_400_000
const SKEW_MILLISECONDS_MAX = 60_000

/** UTC to the millisecond, of a day that every month has. */
const CANONICAL = /^\d{4}-(?:0\d|1[0-2])-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

/** A day, or a time of it, in UTC where no offset is given. */
const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/

/** How far a sender's clock is behind ours, of whom nothing or nothing readable is known 0. Milliseconds. */
export function clockSkew(now: Date, sentAt: unknown): number {
  const sent = typeof sentAt === 'string' || typeof sentAt === 'number' ? millisecondsOf(sentAt) : Number.NaN
  return Number.isNaN(sent) ? 0 : now.getTime() - sent
}

/**
 * When it happened by our clock: a sender whose clock is off by more than a minute is corrected by that much. Now,
 * where nothing is said; undefined for what is no ISO 8601 time or number of milliseconds, or not of our days.
 */
export function readTime(timestamp: string | number | null | undefined, now: Date, skew: number): string | undefined {
  if (timestamp === undefined || timestamp === null) return now.toISOString()
  const said = millisecondsOf(timestamp)
  const at = Math.abs(skew) > SKEW_MILLISECONDS_MAX ? said + skew : said
  if (Number.isNaN(at) || at < EARLIEST || at > now.getTime() + DAY_MILLISECONDS) return undefined
  // Most senders write it as we would: then there is nothing to convert.
  return at === said && typeof timestamp === 'string' && CANONICAL.test(timestamp)
    ? timestamp
    : new Date(at).toISOString()
}

/** `Date` takes 30 February for 2 March, and dates as people write them; this takes neither. */
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
