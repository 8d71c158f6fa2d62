/** UTC with milliseconds, on a day up to the 28th: such a text is valid in every month and needs no parsing. */
const CANONICAL = /^\d{4}-(?:0\d|1[0-2])-(?:[01]\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/

/** An ISO 8601 date or date-time. */
const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/

/**
 * The milliseconds since 1970 of an ISO 8601 date or time, UTC if it has no offset, or of a number of milliseconds. NaN
 * for any other text: unlike `Date`, it rejects 30 February and informal formats, and never uses the local time zone.
 */
export function millisecondsOf(time: string | number): number {
  if (typeof time === 'number' || CANONICAL.test(time)) return new Date(time).getTime()
  const [, year, month, day, clock = '00:00', offset = 'Z'] = ISO_8601.exec(time) ?? []
  if (day === undefined || Number(day) > daysOf(Number(year), Number(month))) return Number.NaN
  const [, hours = '', minutes = '00'] = /^([+-]\d{2}):?(\d{2})?$/.exec(offset) ?? []
  const zone = hours === '' ? 'Z' : `${hours}:${minutes}`
  return new Date(`${year}-${month}-${day}T${clock}${zone}`).getTime()
}

/** Whether the text is UTC in the form of `toISOString`, on a day that exists in every month. */
export const isCanonical = (text: string) => CANONICAL.test(text)

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}
