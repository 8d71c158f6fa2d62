import type { Ctx } from '#kernel/context'
import { requireScope } from '#kernel/scope'
import { taskNotFound } from './contract.ts'
import type { GetTaskInput } from './input.ts'
import type { GetTaskOutput } from './output.ts'
import { requirePerson } from './person.ts'
import { viewedAt } from './relative-due.ts'
import { findTasks, subtasksOf } from './store/tasks.ts'
import { nowView, taskView } from './task-view.ts'
import { zoneOf } from './write-tasks.ts'

/** One of the person's own tasks, with its sub-tasks. */
export async function getTask(ctx: Ctx, { task_id, time_zone }: GetTaskInput): Promise<GetTaskOutput> {
  requireScope(ctx, 'tasks:read')
  const userId = requirePerson(ctx)
  const [row] = await findTasks(ctx, userId, [task_id])
  if (row === undefined) throw taskNotFound(task_id)
  const subtasks = (await subtasksOf(ctx, userId, [task_id])).map((subtask) => ({
    id: subtask.task_id,
    title: subtask.title,
    completed: subtask.completed,
  }))
  const viewed = viewedAt(ctx.clock(), await zoneOf(ctx, userId, time_zone))
  const task = { ...taskView(row, viewed), ...(subtasks.length > 0 && { subtasks }) }
  return { task, ...nowView(viewed) }
}
