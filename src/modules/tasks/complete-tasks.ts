import { change } from '#kernel/writes/change'
import { daysFrom, movedByDays } from './due.ts'
import type { Due } from './due.ts'
import { MarkCompleteInput, OneTaskInput, itemsOf } from './input.ts'
import { MarkCompleteOutput } from './output.ts'
import type { TaskOutcome } from './output.ts'
import { nextOccurrence } from './recurrence.ts'
import { findTasks } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { NOT_DUE, requireVersion } from './task-fields.ts'
import { dueOf } from './task-view.ts'
import { openToDoList } from './to-do-list.ts'
import type { NewTask, ToDoList } from './to-do-list.ts'
import { eachTask, finish, ownTasks } from './write-tasks.ts'

const ACTION = 'tasks.complete'
const completing = { ...ownTasks, action: ACTION, effect: 'update', output: MarkCompleteOutput } as const

/**
 * Completes or reopens tasks; a task already in that state is left unchanged, which is a success. Completing a task
 * completes its open sub-tasks and creates the next occurrence of a recurring task, once. Reopening it deletes that
 * occurrence if nobody has changed it.
 */
export const completeTasks = change({
  ...completing,
  input: MarkCompleteInput,
  async work(ctx, { time_zone, completed, expected_version, ...selector }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    const mark = async (id: number) => markTask(list, await list.find(id), completed, expected_version)
    return finish(list, await eachTask(itemsOf(selector), mark))
  },
})

/** Completes an open task, reopens a completed one. */
export const toggleTask = change({
  ...completing,
  input: OneTaskInput,
  async work(ctx, { id, time_zone, expected_version }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    const row = await list.find(id)
    return finish(list, await markTask(list, row, !row.completed, expected_version))
  },
})

async function markTask(
  list: ToDoList,
  row: TaskRow,
  wanted: boolean,
  version: number | undefined,
): Promise<TaskOutcome> {
  requireVersion(row, version)
  if (row.completed === wanted) return { id: row.task_id, status: 'unchanged' }
  return wanted ? complete(list, row) : reopen(list, row)
}

async function complete(list: ToDoList, row: TaskRow): Promise<TaskOutcome> {
  const done = { completed: true, completed_at: list.now }
  const subtasks = await list.subtasks(row.task_id)
  const open = subtasks.filter((subtask) => !subtask.completed)
  for (const subtask of open) await list.save(subtask, { ...subtask, ...done })
  const next = await createNext(list, row, subtasks)
  await list.save(row, { ...row, ...done, next_task_id: next.next_task_id ?? row.next_task_id })
  const also = open.length > 0 && { also_completed: open.map((subtask) => subtask.task_id) }
  return { id: row.task_id, status: 'completed', ...also, ...next }
}

interface Next {
  readonly next_task_id?: number
  readonly skipped_occurrences?: number
  readonly series_ended?: true
}

/** Creates the next occurrence, with its sub-tasks reopened and moved by the same number of days. */
async function createNext(list: ToDoList, row: TaskRow, subtasks: readonly TaskRow[]): Promise<Next> {
  const due = dueOf(row)
  const { recurrence, series_on, series_time } = row
  if (recurrence === null || series_on === null || due === undefined || row.next_task_id !== null) return {}
  const next = nextOccurrence({ recurrence, series_on, series_time }, due, list.now)
  if (next === undefined) return { series_ended: true }
  const { task_id } = await list.add({ ...copyOf(row), ...next.due })
  const days = daysFrom(due, next.due)
  for (const subtask of subtasks) {
    const old = dueOf(subtask)
    const moved: Due | typeof NOT_DUE = old === undefined ? NOT_DUE : movedByDays(old, days)
    await list.add({ ...copyOf(subtask), ...moved, parent_id: task_id })
  }
  return { next_task_id: task_id, ...(next.skipped > 0 && { skipped_occurrences: next.skipped }) }
}

function copyOf(row: TaskRow): NewTask {
  const { task_id: _id, version: _version, created_at: _created, updated_at: _updated, ...task } = row
  return { ...task, completed: false, completed_at: null, next_task_id: null }
}

async function reopen(list: ToDoList, row: TaskRow): Promise<TaskOutcome> {
  const open = { ...row, completed: false, completed_at: null }
  const next = row.next_task_id === null ? [] : await unchangedNext(list, row.next_task_id)
  if (next.length > 0) await list.remove(next)
  await list.save(row, next.length > 0 ? { ...open, next_task_id: null } : open)
  const [removed] = next
  return { id: row.task_id, status: 'reopened', ...(removed && { removed_task_id: removed.task_id }) }
}

/** The next occurrence and its sub-tasks, if none was changed since it was created. */
async function unchangedNext(list: ToDoList, taskId: number): Promise<TaskRow[]> {
  const [next] = await findTasks(list.ctx, [taskId])
  if (next === undefined) return []
  const all = [next, ...(await list.subtasks(taskId))]
  return all.every(({ version }) => version === 1) ? all : []
}
