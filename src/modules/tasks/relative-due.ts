import { Temporal } from 'temporal-polyfill'
import type { Due } from './due.ts'
import { inZone } from './zone.ts'

/** How a due date stands to now, in words, for someone in `zone`. A day without a time is judged by that zone's days. */
export interface RelativeDue {
  /** `in 25 minutes`, `today 17:00`, `tomorrow 09:00`, `in 3 days (Mon 09:00)`, `2 days overdue`. */
  readonly words: string
  /** Open, and its time or its day is over. */
  readonly overdue: boolean
}

const MINUTE_MILLISECONDS = 60_000
const HOUR_MINUTES = 60
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Words for one task. What is done is not overdue: it `was due 2 days ago`. */
export function relativeDue(due: Due, completed: boolean, now: Date, zone: string): RelativeDue {
  const overdue = !completed && isPast(due, now, zone)
  const past = pastWords(due, now, zone)
  if (past === undefined) return { words: futureWords(due, now, zone), overdue: false }
  return { words: overdue ? `${past} overdue` : `was due ${past} ago`, overdue }
}

function isPast(due: Due, now: Date, zone: string): boolean {
  return due.due_time === null ? daysAhead(due, now, zone) < 0 : due.due_at.getTime() < now.getTime()
}

/** `20 minutes`, `3 hours`, `2 days`; undefined while it is not past. */
function pastWords(due: Due, now: Date, zone: string): string | undefined {
  if (!isPast(due, now, zone)) return undefined
  const minutes = Math.floor((now.getTime() - due.due_at.getTime()) / MINUTE_MILLISECONDS)
  if (due.due_time !== null && minutes < HOUR_MINUTES) return counted(Math.max(1, minutes), 'minute')
  if (due.due_time !== null && minutes < 24 * HOUR_MINUTES) return counted(Math.floor(minutes / HOUR_MINUTES), 'hour')
  return counted(-daysAhead(due, now, zone), 'day')
}

function futureWords(due: Due, now: Date, zone: string): string {
  const days = daysAhead(due, now, zone)
  const local = localDue(due, zone)
  const clock = due.due_time === null ? '' : ` ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`
  if (days > 1) return `in ${days} days (${WEEKDAYS[local.dayOfWeek - 1]}${clock})`
  if (due.due_time !== null) {
    const minutes = Math.floor((due.due_at.getTime() - now.getTime()) / MINUTE_MILLISECONDS)
    if (minutes < 1) return 'now'
    if (minutes < HOUR_MINUTES) return `in ${counted(minutes, 'minute')}`
  }
  return days === 1 ? `tomorrow${clock}` : `today${clock}`
}

function daysAhead(due: Due, now: Date, zone: string): number {
  return inZone(now, zone).toPlainDate().until(localDue(due, zone).toPlainDate()).days
}

function localDue(due: Due, zone: string): Temporal.PlainDateTime {
  if (due.due_time === null) return Temporal.PlainDate.from(due.due_on).toPlainDateTime()
  return inZone(due.due_at, zone).toPlainDateTime()
}

const counted = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`
