import { confirm } from '#kernel/calls/confirm'
import type { ConfirmTokens } from '#kernel/calls/confirm-tokens'
import { change } from '#kernel/writes/change'
import { DeleteTaskInput, itemsOf } from './input.ts'
import { DeleteTaskOutput } from './output.ts'
import type { TaskOutcome, WriteOutput } from './output.ts'
import { requireVersion } from './task-fields.ts'
import { openToDoList } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { eachTask, finish, ownTasks } from './write-tasks.ts'

const ACTION = 'tasks.delete'

/**
 * Deletes tasks with their sub-tasks. Deleting the last occurrence of a recurring task, while it is open, ends the
 * series.
 */
export const deleteTasks = change({
  ...ownTasks,
  action: ACTION,
  effect: 'destroy',
  input: DeleteTaskInput,
  output: DeleteTaskOutput,
  async work(ctx, { time_zone, expected_version, ...selector }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    return finish(list, await eachTask(itemsOf(selector), (id) => deleteTask(list, id, expected_version)))
  },
})

/** `deleteTasks` with a confirmation for more than one task. A single deletion needs none, because it can be undone. */
export const deleteConfirmed = (tokens: ConfirmTokens) =>
  confirm(deleteTasks, {
    tokens,
    when: ({ task_ids = [] }) => task_ids.length > 1,
    question: ({ results = [] }) => question(results.filter(({ status }) => status === 'deleted')),
  })

function question(deleted: readonly Pick<WriteOutput, 'title' | 'deleted_subtasks'>[]): string {
  const subtasks = deleted.reduce((sum, { deleted_subtasks = 0 }) => sum + deleted_subtasks, 0)
  const withSubtasks = subtasks === 0 ? '' : ` with ${counted(subtasks, 'sub-task')}`
  const titles = deleted.map(({ title }) => `\n- ${title}`).join('')
  return `Delete ${counted(deleted.length, 'task')}${withSubtasks}? They can be restored for 24 hours.${titles}`
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

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
