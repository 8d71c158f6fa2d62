import { query } from '#kernel/calls/operation'
import { taskNotFound } from './contract.ts'
import { GetTaskInput } from './input.ts'
import { GetTaskOutput } from './output.ts'
import { viewedAt } from './relative-due.ts'
import { findView } from './store/tasks.ts'
import { nowView, taskView } from './task-view.ts'
import { ZONE_DEFAULT } from './zone.ts'

/** One of the person's own tasks, with its sub-tasks. */
export const getTask = query({
  scope: 'tasks:read',
  personal: true,
  input: GetTaskInput,
  output: GetTaskOutput,
  async run(ctx, { task_id, time_zone }) {
    const row = await findView(ctx, task_id)
    if (row === undefined) throw taskNotFound(task_id)
    const { subtasks, last_zone } = row
    const viewed = viewedAt(ctx.clock(), time_zone ?? last_zone ?? ZONE_DEFAULT)
    const task = { ...taskView(row, viewed), ...(subtasks.length > 0 && { subtasks }) }
    return { task, ...nowView(viewed) }
  },
})
