import type { Ctx } from '#kernel/context'
import { wrong } from './contract.ts'
import type { TaskChanges } from './input.ts'
import type { TaskRow } from './store/tasks.ts'
import {
  NOT_DUE,
  NOT_RECURRING,
  refuseRecurringSubtask,
  requireDue,
  requireParent,
  requireVersion,
  startSeries,
} from './task-fields.ts'
import { dueOf } from './task-view.ts'
import type { ToDoList } from './to-do-list.ts'
import { writeTasks } from './write-tasks.ts'
import type { Done, Written } from './write-tasks.ts'

export interface UpdateTasks {
  readonly task_ids: readonly number[]
  readonly isBatch: boolean
  readonly changes: TaskChanges
  readonly expected_version?: number | undefined
  readonly time_zone?: string | undefined
  readonly idempotency_key?: string | undefined
}

/**
 * Changes the given fields of one task, or the same fields of several; the others keep what they have, whoever writes
 * them meanwhile. A new due date moves this occurrence of a recurring task; a rule, given again, starts its series anew.
 */
export function updateTasks(ctx: Ctx, input: UpdateTasks): Promise<Written> {
  return writeTasks(ctx, {
    action: 'tasks.update',
    input,
    idempotencyKey: input.idempotency_key,
    timeZone: input.time_zone,
    items: input.task_ids,
    isBatch: input.isBatch,
    work: (list, taskId) => updateTask(list, taskId, input),
  })
}

async function updateTask(list: ToDoList, taskId: number, input: UpdateTasks): Promise<Done> {
  const before = await list.find(taskId)
  requireVersion(before, input.expected_version)
  const after = await changed(list, before, input.changes)
  if (isSame(before, after)) return { id: taskId, status: 'unchanged' }
  await list.save(before, after)
  return { id: taskId, status: 'updated' }
}

async function changed(list: ToDoList, before: TaskRow, changes: TaskChanges): Promise<TaskRow> {
  const { title, description, priority, tags, parent_id } = changes
  const after: TaskRow = {
    ...before,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(priority !== undefined && { priority }),
    ...(tags !== undefined && { tags: [...new Set(tags)] }),
    ...(parent_id !== undefined && { parent_id }),
    ...rescheduled(list, before, changes),
  }
  refuseRecurringSubtask(after)
  if (after.parent_id !== null && after.parent_id !== before.parent_id)
    await requireParent(list, after.parent_id, before)
  return after
}

function rescheduled(list: ToDoList, before: TaskRow, { due: text, recurrence }: TaskChanges): Partial<TaskRow> {
  const due = text === undefined ? undefined : text === null ? NOT_DUE : requireDue(text, list.zone)
  if (recurrence === null) return { ...due, ...NOT_RECURRING }
  if (text === null && (recurrence ?? before.recurrence) !== null)
    throw wrong('due', 'a day or a time: the task recurs. recurrence null ends that')
  if (recurrence === undefined) return due ?? {}
  const given = text === undefined || text === null ? dueOf(before) : requireDue(text, list.zone)
  return startSeries(list, recurrence, given)
}

const isSame = (before: TaskRow, after: TaskRow) => JSON.stringify(before) === JSON.stringify({ ...before, ...after })
