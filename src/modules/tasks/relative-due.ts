import type { Due } from './due.ts'
import { inZone } from './zone.ts'

/** The viewer's instant and time zone; created by `viewedAt`. */
export interface Viewed {
  readonly now: Date
  readonly zone: string
  /** The date of the instant in the zone, `2026-11-21`. */
  readonly today: string
}

/**
 * A due date relative to now, in words, for a viewer in a zone. A date without a time is judged by that zone's days.
 */
export interface RelativeDue {
  /** `in 25 minutes`, `today 17:00`, `tomorrow 09:00`, `in 3 days (Mon 09:00)`, `2 days overdue`. */
  readonly words: string
  /** True if the task is open and its due time or day has passed. */
  readonly overdue: boolean
}

const MINUTE_MILLISECONDS = 60_000
const HOUR_MINUTES = 60
const DAY_MILLISECONDS = 86_400_000
const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

/** Builds the view for an instant and a zone. */
export function viewedAt(now: Date, zone: string): Viewed {
  return { now, zone, today: inZone(now, zone).toPlainDate().toString() }
}

/** Describes a task's due date. A completed task is not overdue: it `was due 2 days ago`. */
export function relativeDue(due: Due, completed: boolean, viewed: Viewed): RelativeDue {
  const local = localDue(due, viewed.zone)
  const days = dayNumber(local.day) - dayNumber(viewed.today)
  const past = pastWords(due, days, viewed.now)
  if (past === undefined) return { words: futureWords(due, local, days, viewed.now), overdue: false }
  return { words: completed ? `was due ${past} ago` : `${past} overdue`, overdue: !completed }
}

/** `20 minutes`, `3 hours`, `2 days`; undefined while it is not past. */
function pastWords({ due_time, due_at }: Due, days: number, now: Date): string | undefined {
  const milliseconds = now.getTime() - due_at.getTime()
  if (due_time === null ? days >= 0 : milliseconds <= 0) return undefined
  const minutes = Math.floor(milliseconds / MINUTE_MILLISECONDS)
  if (due_time !== null && minutes < HOUR_MINUTES) return counted(Math.max(1, minutes), 'minute')
  if (due_time !== null && minutes < 24 * HOUR_MINUTES) return counted(Math.floor(minutes / HOUR_MINUTES), 'hour')
  // At the end of a day of 25 hours it is still the same day.
  return counted(Math.max(1, -days), 'day')
}

function futureWords({ due_time, due_at }: Due, local: LocalDue, days: number, now: Date): string {
  const clock = due_time === null ? '' : ` ${local.time}`
  if (days > 1) return `in ${days} days (${WEEKDAYS[new Date(`${local.day}T00:00:00Z`).getUTCDay()]}${clock})`
  if (due_time !== null) {
    const minutes = Math.floor((due_at.getTime() - now.getTime()) / MINUTE_MILLISECONDS)
    if (minutes < 1) return 'now'
    if (minutes < HOUR_MINUTES) return `in ${counted(minutes, 'minute')}`
  }
  return days === 1 ? `tomorrow${clock}` : `today${clock}`
}

interface LocalDue {
  readonly day: string
  /** `09:00`. */
  readonly time: string
}

/** On the wall clock of the zone, which is mostly the one it was written for: lists are long, and calendars slow. */
function localDue({ due_on, due_time, time_zone, due_at }: Due, zone: string): LocalDue {
  if (due_time === null || zone === time_zone) return { day: due_on, time: (due_time ?? '').slice(0, 5) }
  const local = inZone(due_at, zone).toPlainDateTime()
  return { day: local.toPlainDate().toString(), time: local.toPlainTime().toString({ smallestUnit: 'minute' }) }
}

const dayNumber = (day: string) => Date.parse(`${day}T00:00:00Z`) / DAY_MILLISECONDS
const counted = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`
