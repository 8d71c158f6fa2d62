import type { Ctx } from '#kernel/context'
import { requireScope } from '#kernel/writes/scope'
import { taskNotFound } from './contract.ts'
import type { GetTaskInput } from './input.ts'
import type { GetTaskOutput } from './output.ts'
import { requirePerson } from './person.ts'
import { viewedAt } from './relative-due.ts'
import { findView } from './store/tasks.ts'
import { nowView, taskView } from './task-view.ts'
import { ZONE_DEFAULT } from './zone.ts'

/** One of the person's own tasks, with its sub-tasks. */
export async function getTask(ctx: Ctx, { task_id, time_zone }: GetTaskInput): Promise<GetTaskOutput> {
  requireScope(ctx, 'tasks:read')
  const userId = requirePerson(ctx)
  const row = await findView(ctx, userId, task_id)
  if (row === undefined) throw taskNotFound(task_id)
  const viewed = viewedAt(ctx.clock(), time_zone ?? row.last_zone ?? ZONE_DEFAULT)
  const subtasks = [...row.subtasks]
  const task = { ...taskView(row, viewed), ...(subtasks.length > 0 && { subtasks }) }
  return { task, ...nowView(viewed) }
}
