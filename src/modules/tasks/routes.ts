import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { toggleTask } from './complete-tasks.ts'
import { createTasks } from './create-tasks.ts'
import { deleteTasks } from './delete-tasks.ts'
import { getTask } from './get-task.ts'
import { CallFields, OneTaskInput, UpdateOneInput } from './input.ts'
import { listTags } from './list-tags.ts'
import { listTasks } from './list-tasks.ts'
import { updateTasks } from './update-tasks.ts'

const tags = ['tasks']
const ONE = '/api/v1/tasks/:id'

/** The REST routes of tasks. `PATCH …/complete` toggles a task, which no tool does. */
export function taskRoutes(): Route[] {
  return [
    route(listTasks(), { method: 'GET', path: '/api/v1/tasks', summary: 'List your tasks', tags }),
    route(listTags, { method: 'GET', path: '/api/v1/tasks/tags', summary: 'List the tags that your tasks have', tags }),
    route(createTasks, {
      method: 'POST',
      path: '/api/v1/tasks',
      summary: 'Add a task, or up to 25',
      tags,
      status: 201,
    }),
    route(getOne, { method: 'GET', path: ONE, summary: 'Read one of your tasks', tags }),
    route(updateOne, { method: 'PUT', path: ONE, summary: 'Change the given fields of a task', tags }),
    route(deleteOne, { method: 'DELETE', path: ONE, summary: 'Delete a task with its sub-tasks', tags }),
    withQuery(
      route(toggleTask, {
        method: 'PATCH',
        path: `${ONE}/complete`,
        summary: 'Complete an open task, reopen a completed one',
        tags,
      }),
      OneTaskInput.omit({ id: true }),
    ),
  ]
}

/** A route whose fields are query parameters, where its method would put them in the body. */
function withQuery({ body: _body, ...rest }: Route, query: z.ZodObject): Route {
  return { ...rest, query }
}

const getOne = operation({
  ...getTask,
  input: z.strictObject({ id: OneTaskInput.shape.id, time_zone: CallFields.time_zone }),
  run: (ctx, { id, ...rest }) => getTask(ctx, { task_id: id, ...rest }),
})
const updateOne = operation({
  ...updateTasks,
  input: UpdateOneInput,
  calls: [updateTasks],
  run: (ctx, { id, ...rest }) => updateTasks(ctx, { task_id: id, ...rest }),
})
const deleteOne = operation({
  ...deleteTasks,
  input: OneTaskInput,
  calls: [deleteTasks],
  run: (ctx, { id, ...rest }) => deleteTasks(ctx, { task_id: id, ...rest }),
})
