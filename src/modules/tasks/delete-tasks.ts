import { change } from '#kernel/writes/change'
import { DeleteTaskInput, asked } from './input.ts'
import { DeleteTaskOutput } from './output.ts'
import type { TaskOutcome } from './output.ts'
import { requireVersion } from './task-fields.ts'
import { openToDoList } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { eachTask, finish, ownTasks } from './write-tasks.ts'

const ACTION = 'tasks.delete'

/** Deletes tasks with their sub-tasks. The last occurrence of a recurring task, while open, takes its series with it. */
export const deleteTasks = change({
  ...ownTasks,
  action: ACTION,
  effect: 'destroy',
  input: DeleteTaskInput,
  output: DeleteTaskOutput,
  async work(ctx, { time_zone, expected_version, ...which }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    return finish(list, await eachTask(asked(which), (id) => deleteTask(list, id, expected_version)))
  },
})

async function deleteTask(list: ToDoList, taskId: number, expectedVersion: number | undefined): Promise<TaskOutcome> {
  const row = await list.find(taskId)
  requireVersion(row, expectedVersion)
  const subtasks = await list.subtasks(taskId)
  await list.remove([row, ...subtasks])
  const endsSeries = row.recurrence !== null && !row.completed && row.next_task_id === null
  return {
    id: taskId,
    status: 'deleted',
    ...(subtasks.length > 0 && { deleted_subtasks: subtasks.length }),
    ...(endsSeries && { series_ended: true }),
  }
}
