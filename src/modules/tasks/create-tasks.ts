import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { CreateTaskInput, NewTaskInput } from './input.ts'
import { CreateTaskOutput } from './output.ts'
import type { TaskOutcome } from './output.ts'
import {
  NOT_DUE,
  NOT_RECURRING,
  refuseRecurringSubtask,
  requireDue,
  requireParent,
  startSeries,
} from './task-fields.ts'
import { openToDoList } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { eachTask, finish, ownTasks } from './write-tasks.ts'

const ACTION = 'tasks.create'

/** Creates one task or a batch; in a batch each task succeeds or fails on its own. */
export const createTasks = change({
  ...ownTasks,
  action: ACTION,
  effect: 'create',
  input: CreateTaskInput,
  output: CreateTaskOutput,
  async work(ctx, { tasks, time_zone, idempotency_key: _key, ...own }) {
    const list = await openToDoList(ctx, ACTION, time_zone)
    const items = tasks === undefined ? { one: NewTaskInput.parse(own) } : { several: tasks }
    return finish(list, await eachTask(items, (task) => createTask(list, task)))
  },
})

async function createTask(list: ToDoList, input: NewTaskInput | Failure): Promise<TaskOutcome> {
  if (input instanceof Failure) throw input
  const due = input.due === undefined ? undefined : requireDue(input.due, list.zone)
  const series = input.recurrence === undefined ? NOT_RECURRING : startSeries(list, input.recurrence, due)
  const task = {
    title: input.title,
    description: input.description ?? null,
    completed: false,
    completed_at: null,
    priority: input.priority,
    tags: input.tags,
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
