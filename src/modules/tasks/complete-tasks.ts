import type { Ctx } from '#kernel/context'
import { daysFrom, movedByDays } from './due.ts'
import type { Due } from './due.ts'
import { nextOccurrence } from './recurrence.ts'
import { findTasks } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { NOT_DUE, requireVersion } from './task-fields.ts'
import { dueOf } from './task-view.ts'
import type { NewTask, ToDoList } from './to-do-list.ts'
import { writeTasks } from './write-tasks.ts'
import type { Done, Written } from './write-tasks.ts'

export interface CompleteTasks {
  readonly task_ids: readonly number[]
  readonly isBatch: boolean
  readonly completed: boolean | 'toggle'
  readonly expected_version?: number | undefined
  readonly time_zone?: string | undefined
  readonly idempotency_key?: string | undefined
}

/**
 * Completes or reopens tasks; what is so already stays, and succeeds. Completing a task completes its open sub-tasks, and
 * makes the next occurrence of a recurring one, once; reopening takes that occurrence back while nobody has touched it.
 */
export function completeTasks(ctx: Ctx, input: CompleteTasks): Promise<Written> {
  return writeTasks(ctx, {
    action: 'tasks.complete',
    input,
    idempotencyKey: input.idempotency_key,
    timeZone: input.time_zone,
    items: input.task_ids,
    isBatch: input.isBatch,
    work: async (list, taskId) => {
      const row = await list.find(taskId)
      requireVersion(row, input.expected_version)
      const wanted = input.completed === 'toggle' ? !row.completed : input.completed
      if (row.completed === wanted) return { id: taskId, status: 'unchanged' }
      return wanted ? complete(list, row) : reopen(list, row)
    },
  })
}

async function complete(list: ToDoList, row: TaskRow): Promise<Done> {
  const done = { completed: true, completed_at: list.now }
  const subtasks = await list.subtasks(row.task_id)
  const open = subtasks.filter((subtask) => !subtask.completed)
  for (const subtask of open) await list.save(subtask, { ...subtask, ...done })
  const next = await makeNext(list, row, subtasks)
  await list.save(row, { ...row, ...done, next_task_id: next.next_task_id ?? row.next_task_id })
  const also = open.length > 0 && { also_completed: open.map((subtask) => subtask.task_id) }
  return { id: row.task_id, status: 'completed', extra: { ...also, ...next } }
}

interface Next {
  readonly next_task_id?: number
  readonly skipped_occurrences?: number
  readonly series_ended?: true
}

/** The next occurrence, with the sub-tasks open again and moved by as many days. */
async function makeNext(list: ToDoList, row: TaskRow, subtasks: readonly TaskRow[]): Promise<Next> {
  const due = dueOf(row)
  const { recurrence, series_on, series_time } = row
  if (recurrence === null || series_on === null || due === undefined || row.next_task_id !== null) return {}
  const next = nextOccurrence({ recurrence, series_on, series_time }, due, list.now)
  if (next === undefined) return { series_ended: true }
  const { task_id } = await list.add({ ...again(row), ...next.due })
  const days = daysFrom(due, next.due)
  for (const subtask of subtasks) {
    const old = dueOf(subtask)
    const moved: Due | typeof NOT_DUE = old === undefined ? NOT_DUE : movedByDays(old, days)
    await list.add({ ...again(subtask), ...moved, parent_id: task_id })
  }
  return { next_task_id: task_id, ...(next.skipped > 0 && { skipped_occurrences: next.skipped }) }
}

function again(row: TaskRow): NewTask {
  const { task_id: _id, version: _version, created_at: _created, updated_at: _updated, ...task } = row
  return { ...task, completed: false, completed_at: null, next_task_id: null }
}

async function reopen(list: ToDoList, row: TaskRow): Promise<Done> {
  const open = { ...row, completed: false, completed_at: null }
  const next = row.next_task_id === null ? [] : await untouchedNext(list, row.next_task_id)
  if (next.length > 0) await list.remove(next)
  await list.save(row, next.length > 0 ? { ...open, next_task_id: null } : open)
  const [removed] = next
  return { id: row.task_id, status: 'reopened', ...(removed && { extra: { removed_task_id: removed.task_id } }) }
}

/** The next occurrence and its sub-tasks, if all are as they were made. */
async function untouchedNext(list: ToDoList, taskId: number): Promise<TaskRow[]> {
  const [next] = await findTasks(list.ctx, list.userId, [taskId])
  if (next === undefined) return []
  const all = [next, ...(await list.subtasks(taskId))]
  return all.every(({ version }) => version === 1) ? all : []
}
