import { RRuleTemporal } from 'rrule-temporal'
import { Temporal } from 'temporal-polyfill'
import { dueOn } from './due.ts'
import type { Due } from './due.ts'
import { inZone } from './zone.ts'

/** A recurring series: an RFC 5545 rule and its start (DTSTART) as wall-clock time. */
export interface Series {
  readonly recurrence: string
  readonly series_on: string
  readonly series_time: string | null
}

/** The supported rule parts (RFC 5545, 3.3.10), which select days; the time of day is the due date's. */
const PARTS = new Set([
  ...['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'WKST'],
  ...['BYDAY', 'BYMONTHDAY', 'BYYEARDAY', 'BYWEEKNO', 'BYMONTH', 'BYSETPOS'],
])
/**
 * The largest absolute value per number list; 0 is invalid and negative numbers count from the end. Checked here
 * because the library silently drops values beyond it.
 */
const NUMBERS_MAX: Readonly<Record<string, number>> = {
  BYMONTHDAY: 31,
  BYYEARDAY: 366,
  BYWEEKNO: 53,
  BYMONTH: 12,
  BYSETPOS: 366,
}
const FREQUENCIES = new Set(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'])
const RULE_CHARACTERS_MAX = 200
/** The largest COUNT, which keeps enumerating a series cheap. */
const COUNT_MAX = 1000
const UNTIL = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z?))?$/

export type ReadRule = { readonly rule: string } | { readonly problem: string }

/** Parses a rule: returns its stored form, or a problem that names what would be valid. */
export function readRule(text: string): ReadRule {
  const rule = text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
  if (rule.length > RULE_CHARACTERS_MAX) return { problem: `at most ${RULE_CHARACTERS_MAX} characters` }
  const parts = partsOf(rule)
  const unknown = [...parts.keys()].filter((name) => !PARTS.has(name))
  if (unknown.length > 0) return { problem: `a rule of RFC 5545 made of ${[...PARTS].join(', ')}` }
  if (parts.size !== rule.split(';').length) return { problem: 'a rule of RFC 5545 with each part once' }
  if (!FREQUENCIES.has(parts.get('FREQ') ?? '')) return { problem: `FREQ=${[...FREQUENCIES].join('|')}` }
  if (parts.has('COUNT') && parts.has('UNTIL')) return { problem: 'an end by COUNT or by UNTIL, not both' }
  if (!isWithin(parts.get('COUNT'), COUNT_MAX)) return { problem: `COUNT from 1 to ${COUNT_MAX}` }
  if (!isWithin(parts.get('INTERVAL'), COUNT_MAX)) return { problem: `INTERVAL from 1 to ${COUNT_MAX}` }
  for (const [name, max] of Object.entries(NUMBERS_MAX)) {
    const isInRange = (number: string) => isWithin(number.replace(/^[+-]/, ''), max)
    if (parts.has(name) && !parts.get(name)?.split(',').every(isInRange)) return { problem: `${name} up to ${max}` }
  }
  const until = parts.get('UNTIL')
  if (until !== undefined && untilWall(until, 'UTC') === undefined)
    return { problem: 'UNTIL such as 20261231 or 20261231T235959Z' }
  return problemOf({ recurrence: rule, series_on: '2024-01-01', series_time: null }) ?? { rule }
}

/** Problems that appear only when the rule is evaluated: values out of range, and rules that match no day. */
function problemOf(series: Series): { problem: string } | undefined {
  try {
    ruleOf({ ...series, recurrence: withoutUntil(series.recurrence) }, 'UTC').next(pseudoUtc('2024-01-01', null), false)
    return undefined
  } catch (error) {
    // Safe to go on: this is the library's only error for a rule that it cannot evaluate.
    const isEndless = error instanceof Error && error.message.startsWith('Maximum')
    return {
      problem: isEndless ? 'a rule that matches at least one day' : 'a rule of RFC 5545, e.g. FREQ=WEEKLY;BYDAY=MO',
    }
  }
}

export interface NextOccurrence {
  readonly due: Due
  /** The number of missed occurrences, at most 366. */
  readonly skipped: number
}

const SKIPPED_MAX = 366

/**
 * The first occurrence after the current due date that is not in the past: missed ones are skipped, whether or not they
 * count towards COUNT. Undefined if the series is over. The rule is evaluated in wall-clock time, so that clock changes
 * neither move nor drop an occurrence.
 */
export function nextOccurrence(series: Series, due: Due, now: Date): NextOccurrence | undefined {
  const rule = ruleOf(series, due.time_zone)
  const isPast = (next: Due) =>
    next.due_time === null
      ? next.due_on < inZone(now, due.time_zone).toPlainDate().toString()
      : next.due_at.getTime() < now.getTime()
  let found = following(rule, series, due)
  for (let skipped = 0; found !== undefined; skipped++) {
    if (!isPast(found)) return { due: found, skipped: Math.min(skipped, SKIPPED_MAX) }
    // After the maximum of skipped occurrences, jump to the day before now, one or two steps from the result.
    found = following(rule, series, skipped === SKIPPED_MAX ? dayBefore(due, now) : found)
  }
  return undefined
}

/** The first occurrence on or after a day: the default due date of a recurring task. */
export function firstOccurrence(recurrence: string, day: string, zone: string): Due | undefined {
  const rule = ruleOf({ recurrence, series_on: day, series_time: null }, zone, false)
  const first = nextOf(rule, pseudoUtc(day, null), true)
  return first === undefined ? undefined : dueOn(first.toPlainDate(), null, zone)
}

/**
 * True if the series is finite or has an occurrence after its start; with an INTERVAL, a rule may match no day from a
 * given start.
 */
export function isFollowable(series: Series, due: Due): boolean {
  return /COUNT=|UNTIL=/.test(series.recurrence) || following(ruleOf(series, due.time_zone), series, due) !== undefined
}

/** A due date of the same kind (with or without time) one day before now. */
function dayBefore(due: Due, now: Date): Due {
  const local = inZone(now, due.time_zone).toPlainDateTime().subtract({ days: 1 })
  return dueOn(local.toPlainDate(), due.due_time === null ? null : local.toPlainTime(), due.time_zone)
}

function following(rule: RRuleTemporal, series: Series, due: Due): Due | undefined {
  // The series decides whether occurrences have a time, even if the current due date was changed to the other kind.
  const isTimed = series.series_time !== null
  const after = pseudoUtc(due.due_on, isTimed ? (due.due_time ?? '23:59:59') : null)
  const next = nextOf(rule, after, false)
  if (next === undefined) return undefined
  return dueOn(next.toPlainDate(), isTimed ? next.toPlainTime() : null, due.time_zone)
}

/**
 * The next occurrence; undefined if the series is over or the library finds no matching day within thousands of years.
 */
function nextOf(
  rule: RRuleTemporal,
  after: Temporal.ZonedDateTime,
  inclusive: boolean,
): Temporal.PlainDateTime | undefined {
  try {
    const next = rule.next(after, inclusive)
    return next === null ? undefined : plain(next)
  } catch (error) {
    // Safe to go on: this is the library's only error for a search that exceeded its limit.
    if (error instanceof Error && error.message.startsWith('Maximum')) return undefined
    throw error
  }
}

/**
 * Builds the rule in wall-clock time, treated as UTC to avoid clock changes; the zone is applied when an occurrence
 * becomes an instant.
 */
function ruleOf(series: Series, zone: string, includeDtstart = true): RRuleTemporal {
  const until = partsOf(series.recurrence).get('UNTIL')
  const end = until === undefined ? undefined : untilWall(until, zone)
  return new RRuleTemporal({
    rruleString: `RRULE:${withoutUntil(series.recurrence)}`,
    dtstart: pseudoUtc(series.series_on, series.series_time),
    includeDtstart,
    strict: true,
    ...(end !== undefined && { until: end.toZonedDateTime('UTC') }),
  })
}

const pseudoUtc = (day: string, time: string | null) =>
  Temporal.PlainDateTime.from(`${day}T${time ?? '00:00:00'}`).toZonedDateTime('UTC')

const plain = (occurrence: { toString(): string }) =>
  Temporal.ZonedDateTime.from(occurrence.toString()).toPlainDateTime()

const partsOf = (rule: string): Map<string, string> =>
  new Map(
    rule.split(';').map((part): [string, string] => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)]),
  )

const withoutUntil = (rule: string) =>
  rule
    .split(';')
    .filter((part) => !part.startsWith('UNTIL='))
    .join(';')

const isWithin = (value: string | undefined, max: number) =>
  value === undefined || (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= max)

/** Parses UNTIL as wall-clock time: a date includes the whole day; a UTC time is converted to the zone. */
function untilWall(text: string, zone: string): Temporal.PlainDateTime | undefined {
  const [, year, month, day, hour = '23', minute = '59', second = '59', utc] = UNTIL.exec(text) ?? []
  if (year === undefined) return undefined
  try {
    const wall = Temporal.PlainDateTime.from(`${year}-${month}-${day}T${hour}:${minute}:${second}`, {
      overflow: 'reject',
    })
    return utc === 'Z' ? wall.toZonedDateTime('UTC').withTimeZone(zone).toPlainDateTime() : wall
  } catch (error) {
    // Safe to go on: the library throws a RangeError only for an invalid date or time.
    if (error instanceof RangeError) return undefined
    throw error
  }
}
