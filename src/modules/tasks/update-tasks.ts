import { operation } from '#kernel/calls/operation'
import { change } from '#kernel/writes/change'
import { invalidArgument } from './contract.ts'
import { UpdateTaskInput, UpdateTasksInput, itemsOf } from './input.ts'
import type { TaskChanges } from './input.ts'
import { UpdateTaskOutput } from './output.ts'
import type { TaskOutcome } from './output.ts'
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
import { openToDoList } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { undoLastChange } from './undo-last-change.ts'
import { eachTask, finish, ownTasks } from './write-tasks.ts'

const ACTION = 'tasks.update'

/**
 * Updates the given fields of one task, or the same fields of several; other fields keep their values, even under
 * concurrent writes. A new due date moves only this occurrence of a recurring task; setting a rule starts a new series.
 */
export const updateTasks = change({
  ...ownTasks,
  action: ACTION,
  effect: 'update',
  input: UpdateTasksInput,
  output: UpdateTaskOutput,
  async work(ctx, { task_id, task_ids, time_zone, idempotency_key: _key, ...update }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    return finish(list, await eachTask(itemsOf({ task_id, task_ids }), (id) => updateTask(list, id, update)))
  },
})

/** Updates tasks, or undoes the last change. */
export const updateOrUndo = operation({
  ...updateTasks,
  input: UpdateTaskInput,
  calls: [updateTasks, undoLastChange],
  run: (ctx, { undo, ...update }) => {
    const { time_zone, idempotency_key } = update
    return undo ? undoLastChange(ctx, { time_zone, idempotency_key }) : updateTasks(ctx, update)
  },
})

type Update = TaskChanges & { readonly expected_version?: number | undefined }

async function updateTask(
  list: ToDoList,
  taskId: number,
  { expected_version, ...changes }: Update,
): Promise<TaskOutcome> {
  const before = await list.find(taskId)
  requireVersion(before, expected_version)
  const after = await changed(list, before, changes)
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
    ...(tags !== undefined && { tags }),
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
    throw invalidArgument('due', 'a date or time, because the task recurs; recurrence null ends the series')
  if (recurrence === undefined) return due ?? {}
  const given = text === undefined || text === null ? dueOf(before) : requireDue(text, list.zone)
  return startSeries(list, recurrence, given)
}

const isSame = (before: TaskRow, after: TaskRow) => JSON.stringify(before) === JSON.stringify({ ...before, ...after })
