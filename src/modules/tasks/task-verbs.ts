import type { Ctx } from '#kernel/context'
import { completeTasks } from './complete-tasks.ts'
import { createTasks } from './create-tasks.ts'
import { deleteTasks } from './delete-tasks.ts'
import { NewTaskInput } from './input.ts'
import type { CreateTaskInput, DeleteTaskInput, MarkCompleteInput, UpdateTaskInput } from './input.ts'
import type { WriteOutput } from './output.ts'
import { undoLastChange } from './undo-last-change.ts'
import { updateTasks } from './update-tasks.ts'
import { batchResult, oneResult } from './write-result.ts'

/** Adds one task, or the tasks of a batch. */
export async function createTask(ctx: Ctx, input: CreateTaskInput): Promise<WriteOutput> {
  const { tasks, time_zone, idempotency_key, ...own } = input
  const isBatch = tasks !== undefined
  const written = await createTasks(ctx, {
    ...{ time_zone, idempotency_key, isBatch },
    tasks: tasks ?? [NewTaskInput.parse(own)],
  })
  return isBatch ? batchResult(written) : oneResult(written)
}

/** Changes the given fields of one task or of several, or takes the last change back. */
export async function updateTask(ctx: Ctx, input: UpdateTaskInput): Promise<WriteOutput> {
  const { task_id, task_ids, expected_version, time_zone, idempotency_key, undo, ...changes } = input
  const call = { time_zone, idempotency_key }
  if (undo) return { ...batchResult(await undoLastChange(ctx, call)), status: 'undone' }
  const written = await updateTasks(ctx, { ...call, ...which(task_id, task_ids), changes, expected_version })
  return resultOf(written, task_ids)
}

/** Deletes one task or several. */
export async function deleteTask(ctx: Ctx, input: DeleteTaskInput): Promise<WriteOutput> {
  const { task_id, task_ids, ...call } = input
  return resultOf(await deleteTasks(ctx, { ...call, ...which(task_id, task_ids) }), task_ids)
}

/** Completes or reopens one task or several; `toggle` is for the one door that has no other word for it. */
export async function markComplete(
  ctx: Ctx,
  input: Omit<MarkCompleteInput, 'completed'> & { readonly completed: boolean | 'toggle' },
): Promise<WriteOutput> {
  const { task_id, task_ids, ...call } = input
  return resultOf(await completeTasks(ctx, { ...call, ...which(task_id, task_ids) }), task_ids)
}

function which(taskId: number | undefined, taskIds: readonly number[] | undefined) {
  return { task_ids: taskIds ?? (taskId === undefined ? [] : [taskId]), isBatch: taskIds !== undefined }
}

const resultOf = (written: Parameters<typeof oneResult>[0], ids: readonly number[] | undefined) =>
  ids === undefined ? oneResult(written) : batchResult(written, ids)
