import type { TaskView } from './contract.ts'
import { dueText } from './due.ts'
import type { Due } from './due.ts'
import { relativeDue } from './relative-due.ts'
import type { Viewed } from './relative-due.ts'
import type { TaskRow } from './store/tasks.ts'
import { inZone } from './zone.ts'

/** A task as callers see it: dates absolute and in words, in their zone. */
export function taskView(row: TaskRow, viewed: Viewed): TaskView {
  return {
    id: row.task_id,
    title: row.title,
    description: row.description,
    completed: row.completed,
    ...(row.completed_at !== null && { completed_at: row.completed_at.toISOString() }),
    priority: row.priority,
    ...(row.tags.length > 0 && { tags: [...row.tags] }),
    ...dueView(dueOf(row), row.completed, viewed),
    ...(row.recurrence !== null && { recurrence: row.recurrence }),
    ...(row.parent_id !== null && { parent_id: row.parent_id }),
    version: row.version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

/** Without what may be long: a batch's result must not outgrow what a call may return. */
export function briefView(row: TaskRow, viewed: Viewed): TaskView {
  const { description: _description, tags: _tags, ...brief } = taskView(row, viewed)
  return brief
}

/** The due date of a task that has one. */
export function dueOf({ due_on, due_time, time_zone, due_at }: TaskRow): Due | undefined {
  if (due_on === null || time_zone === null || due_at === null) return undefined
  return { due_on, due_time, time_zone, due_at }
}

function dueView(due: Due | undefined, completed: boolean, viewed: Viewed) {
  if (due === undefined) return {}
  const { words, overdue } = relativeDue(due, completed, viewed)
  return { due: dueText(due, viewed.zone), due_relative: words, ...(overdue && { overdue }) }
}

/** The time of the call, as its zone's clock and calendar show it. */
export function nowView({ now, zone }: Viewed) {
  const local = inZone(now, zone)
  return {
    current_time: local.toString({ timeZoneName: 'never', smallestUnit: 'second' }),
    // By name and not by locale, which costs ten times the rest.
    weekday: WEEKDAYS[local.dayOfWeek - 1] ?? '',
    time_zone: zone,
  }
}

/** ISO 8601: a week begins on Monday. */
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
