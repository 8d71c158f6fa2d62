import { Failure } from '#kernel/failure'
import { invalidArgument } from './contract.ts'
import { readDue } from './due.ts'
import type { Due } from './due.ts'
import { firstOccurrence, isFollowable, readRule } from './recurrence.ts'
import type { TaskRow } from './store/tasks.ts'
import type { ToDoList } from './to-do-list.ts'
import { inZone } from './zone.ts'

type DueFields = Pick<TaskRow, 'due_on' | 'due_time' | 'time_zone' | 'due_at'>
type SeriesFields = Pick<TaskRow, 'recurrence' | 'series_on' | 'series_time'>

export const NOT_DUE: DueFields = { due_on: null, due_time: null, time_zone: null, due_at: null }
export const NOT_RECURRING: SeriesFields = { recurrence: null, series_on: null, series_time: null }
const SUBTASKS_MAX = 100

/** Parses a due date, or fails with the expected format. */
export function requireDue(text: string, zone: string): Due {
  const due = readDue(text, zone)
  if (due !== undefined) return due
  throw invalidArgument(
    'due',
    'an existing date such as 2026-01-31, or date and time such as 2026-01-31T09:00',
    '2026-01-31T09:00',
  )
}

/** Starts a series at a due date, by default the rule's first day from today. */
export function startSeries(list: ToDoList, text: string, given: Due | undefined): DueFields & SeriesFields {
  const read = readRule(text)
  if ('problem' in read) throw invalidArgument('recurrence', read.problem, 'FREQ=WEEKLY;BYDAY=MO')
  const today = inZone(list.now, list.zone).toPlainDate().toString()
  const due = given ?? firstOccurrence(read.rule, today, list.zone)
  if (due === undefined)
    throw invalidArgument('recurrence', 'a rule with an occurrence today or later', 'FREQ=WEEKLY;BYDAY=MO')
  const series = { recurrence: read.rule, series_on: due.due_on, series_time: due.due_time }
  if (!isFollowable(series, due)) throw invalidArgument('recurrence', 'a rule with an occurrence after the due date')
  return { ...due, ...series }
}

/** Refuses a parent that does not exist, is itself a sub-task, or has the maximum of sub-tasks. */
export async function requireParent(list: ToDoList, parentId: number, child?: TaskRow): Promise<void> {
  if (parentId === child?.task_id) throw invalidArgument('parent_id', 'a task other than itself')
  const parent = await list.find(parentId)
  if (parent.parent_id !== null)
    throw invalidArgument('parent_id', `a task that is not a sub-task, which ${parentId} is`)
  if (child !== undefined && (await list.subtasks(child.task_id)).length > 0)
    throw invalidArgument('parent_id', 'no parent: a task with sub-tasks cannot become a sub-task')
  if ((await list.subtasks(parentId)).length >= SUBTASKS_MAX)
    throw invalidArgument('parent_id', `a task with fewer than ${SUBTASKS_MAX} sub-tasks`)
}

/** Refuses a recurrence rule on a sub-task, which recurs with its parent. */
export function refuseRecurringSubtask(row: Pick<TaskRow, 'recurrence' | 'parent_id'>): void {
  if (row.recurrence === null || row.parent_id === null) return
  throw invalidArgument('recurrence', 'no rule on a sub-task: set it on the parent, with which its sub-tasks recur')
}

/** Refuses a write if the task has changed since the version the caller read. */
export function requireVersion(row: TaskRow, expected: number | undefined): void {
  if (expected === undefined || expected === row.version) return
  throw new Failure(
    'conflict',
    `Task ${row.task_id} has changed: it is at version ${row.version}, not ${expected}. Read it again.`,
    {
      code: 'VERSION_CONFLICT',
      problems: [{ path: 'expected_version', expected: 'the version you last read', example: row.version }],
    },
  )
}
