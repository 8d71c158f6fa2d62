import { Temporal } from 'temporal-polyfill'
import { inZone } from './zone.ts'

/** When a task is due: a day, or a day and a time on the wall clock of a zone. */
export interface Due {
  readonly due_on: string
  /** `09:00:00`; null for a task due on a day without a time, in whatever zone it is viewed. */
  readonly due_time: string | null
  readonly time_zone: string
  /** The due instant; without a time, the last millisecond of the day in the zone. */
  readonly due_at: Date
}

const DAY = /^\d{4}-\d{2}-\d{2}$/
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?$/
/** The accepted years, which also keep date arithmetic in every zone within PostgreSQL's range. */
const YEARS = { min: 1970, max: 2999 }

/**
 * Parses a due date: `2026-11-21`, `2026-11-21T09:00` (wall-clock time in `zone`), or a time with `Z` or an offset (an
 * instant, stored as wall-clock time in `zone`); undefined for anything else. Seconds are kept, fractions dropped. A
 * time skipped by a clock change becomes the time the clock shows then; of an ambiguous time the first is used (RFC
 * 5545, 3.3.5).
 */
export function readDue(text: string, zone: string): Due | undefined {
  try {
    if (DAY.test(text)) return within(dueOn(Temporal.PlainDate.from(text, REJECT), null, zone))
    const [, , , offset] = TIME.exec(text) ?? []
    if (!TIME.test(text)) return undefined
    const wall =
      offset === undefined
        ? Temporal.PlainDateTime.from(text, REJECT)
        : Temporal.Instant.from(text).toZonedDateTimeISO(zone).toPlainDateTime()
    return within(
      dueOn(wall.toPlainDate(), wall.toPlainTime().round({ smallestUnit: 'second', roundingMode: 'floor' }), zone),
    )
  } catch (error) {
    // Safe to go on: the library throws a RangeError only for an invalid date or time.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const REJECT = { overflow: 'reject' } as const

function within(due: Due): Due | undefined {
  const year = Number(due.due_on.slice(0, 4))
  return year >= YEARS.min && year <= YEARS.max ? due : undefined
}

/** The due date of a day and a time on the wall clock of a zone. */
export function dueOn(day: Temporal.PlainDate, time: Temporal.PlainTime | null, zone: string): Due {
  const at =
    time === null
      ? day.add({ days: 1 }).toZonedDateTime(zone).subtract({ milliseconds: 1 })
      : day.toZonedDateTime({ timeZone: zone, plainTime: time })
  // What the clock shows: a time that a clock change left out has become the one after it.
  const shown = time === null ? null : at.toPlainTime().toString({ smallestUnit: 'second' })
  return {
    due_on: time === null ? day.toString() : at.toPlainDate().toString(),
    due_time: shown,
    time_zone: zone,
    due_at: new Date(at.epochMilliseconds),
  }
}

/** The due date moved by a number of days, at the same wall-clock time. */
export function movedByDays(due: Due, days: number): Due {
  const time = due.due_time === null ? null : Temporal.PlainTime.from(due.due_time)
  return dueOn(Temporal.PlainDate.from(due.due_on).add({ days }), time, due.time_zone)
}

/** The number of calendar days from one due date to another. */
export function daysFrom(from: Due, to: Due): number {
  return Temporal.PlainDate.from(from.due_on).until(Temporal.PlainDate.from(to.due_on)).days
}

/** A due date as text: `2026-11-21`, or `2026-11-21T09:00:00+01:00` with the offset of `zone`. */
export function dueText({ due_on, due_time, time_zone, due_at }: Due, zone: string): string {
  if (due_time === null) return due_on
  // In the due date's own zone only the offset is missing; a full conversion would be slow for long lists.
  if (zone !== time_zone) return inZone(due_at, zone).toString({ timeZoneName: 'never', smallestUnit: 'second' })
  return `${due_on}T${due_time}${zone === 'UTC' ? '+00:00' : inZone(due_at, zone).offset}`
}
