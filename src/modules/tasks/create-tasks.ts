import type { Ctx } from '#kernel/context'
import type { NewTaskInput } from './input.ts'
import {
  NOT_DUE,
  NOT_RECURRING,
  refuseRecurringSubtask,
  requireDue,
  requireParent,
  startSeries,
} from './task-fields.ts'
import type { ToDoList } from './to-do-list.ts'
import { writeTasks } from './write-tasks.ts'
import type { Done, Written } from './write-tasks.ts'

export interface CreateTasks {
  readonly tasks: readonly NewTaskInput[]
  readonly isBatch: boolean
  readonly time_zone?: string | undefined
  readonly idempotency_key?: string | undefined
}

/** Adds one task, or several of which each is added or refused for itself. */
export function createTasks(ctx: Ctx, input: CreateTasks): Promise<Written> {
  return writeTasks(ctx, {
    action: 'tasks.create',
    input,
    idempotencyKey: input.idempotency_key,
    timeZone: input.time_zone,
    items: input.tasks,
    isBatch: input.isBatch,
    work: createTask,
  })
}

async function createTask(list: ToDoList, input: NewTaskInput): Promise<Done> {
  const due = input.due === undefined ? undefined : requireDue(input.due, list.zone)
  const series = input.recurrence === undefined ? NOT_RECURRING : startSeries(list, input.recurrence, due)
  const task = {
    title: input.title,
    description: input.description ?? null,
    completed: false,
    completed_at: null,
    priority: input.priority,
    tags: [...new Set(input.tags)],
    ...(due ?? NOT_DUE),
    ...series,
    next_task_id: null,
    parent_id: input.parent_id ?? null,
  }
  refuseRecurringSubtask(task)
  if (task.parent_id !== null) await requireParent(list, task.parent_id)
  const { task_id } = await list.add(task)
  return { id: task_id, status: 'created' }
}
