import type { Ctx } from '#kernel/context'
import { requireVersion } from './task-fields.ts'
import type { ToDoList } from './to-do-list.ts'
import { writeTasks } from './write-tasks.ts'
import type { Done, Written } from './write-tasks.ts'

export interface DeleteTasks {
  readonly task_ids: readonly number[]
  readonly isBatch: boolean
  readonly expected_version?: number | undefined
  readonly time_zone?: string | undefined
  readonly idempotency_key?: string | undefined
}

/** Deletes tasks with their sub-tasks. The last occurrence of a recurring task, while open, takes its series with it. */
export function deleteTasks(ctx: Ctx, input: DeleteTasks): Promise<Written> {
  return writeTasks(ctx, {
    action: 'tasks.delete',
    input,
    idempotencyKey: input.idempotency_key,
    timeZone: input.time_zone,
    items: input.task_ids,
    isBatch: input.isBatch,
    work: (list, taskId) => deleteTask(list, taskId, input.expected_version),
  })
}

async function deleteTask(list: ToDoList, taskId: number, expectedVersion: number | undefined): Promise<Done> {
  const row = await list.find(taskId)
  requireVersion(row, expectedVersion)
  const subtasks = await list.subtasks(taskId)
  await list.remove([row, ...subtasks])
  const endsSeries = row.recurrence !== null && !row.completed && row.next_task_id === null
  return {
    id: taskId,
    status: 'deleted',
    extra: {
      ...(subtasks.length > 0 && { deleted_subtasks: subtasks.length }),
      ...(endsSeries && { series_ended: true }),
    },
  }
}
