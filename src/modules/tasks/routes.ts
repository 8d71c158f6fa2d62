import { z } from 'zod'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { getTask } from './get-task.ts'
import { CreateTaskInput, PAGE_TASKS, UpdateTaskInput } from './input.ts'
import { listTasks } from './list-tasks.ts'
import {
  CreateTaskOutput,
  DeleteTaskOutput,
  GetTaskOutput,
  ListTasksOutput,
  MarkCompleteOutput,
  UpdateTaskOutput,
} from './output.ts'
import { ListQuery, OneTask, TaskQuery, WriteQuery } from './rest-input.ts'
import { createTask, deleteTask, markComplete, updateTask } from './task-verbs.ts'

const TAGS = ['tasks']

/** The same tasks over REST. `PATCH …/complete` is the only door that toggles. */
export function taskRoutes(): Route[] {
  return [...collectionRoutes(), ...taskRoutesById()]
}

function collectionRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/tasks',
      summary: 'List your tasks',
      tags: TAGS,
      scope: 'tasks:read',
      personal: true,
      query: ListQuery,
      response: ListTasksOutput,
      run: (ctx, { query }) => listTasks(ctx, { ...query, limit: query.limit ?? PAGE_TASKS }),
    }),
    route({
      method: 'POST',
      path: '/api/v1/tasks',
      summary: 'Add a task, or up to 25',
      tags: TAGS,
      scope: 'tasks:write',
      personal: true,
      body: CreateTaskInput,
      response: CreateTaskOutput,
      status: 201,
      run: (ctx, { body }) => createTask(ctx, body),
    }),
  ]
}

function taskRoutesById(): Route[] {
  return [
    route({
      method: 'GET',
      path: '/api/v1/tasks/:id',
      summary: 'Read one of your tasks',
      tags: TAGS,
      scope: 'tasks:read',
      personal: true,
      params: OneTask,
      query: TaskQuery,
      response: GetTaskOutput,
      run: (ctx, { params, query }) => getTask(ctx, { task_id: params.id, ...query }),
    }),
    route({
      method: 'PUT',
      path: '/api/v1/tasks/:id',
      summary: 'Change the given fields of a task',
      tags: TAGS,
      scope: 'tasks:write',
      personal: true,
      params: OneTask,
      body: UpdateBody,
      response: UpdateTaskOutput,
      run: (ctx, { params, body }) => updateTask(ctx, { ...body, task_id: params.id }),
    }),
    route({
      method: 'DELETE',
      path: '/api/v1/tasks/:id',
      summary: 'Delete a task with its sub-tasks',
      tags: TAGS,
      scope: 'tasks:write',
      personal: true,
      params: OneTask,
      query: WriteQuery,
      response: DeleteTaskOutput,
      run: (ctx, { params, query }) => deleteTask(ctx, { task_id: params.id, ...query }),
    }),
    route({
      method: 'PATCH',
      path: '/api/v1/tasks/:id/complete',
      summary: 'Complete an open task, reopen a completed one',
      tags: TAGS,
      scope: 'tasks:write',
      personal: true,
      params: OneTask,
      query: WriteQuery,
      response: MarkCompleteOutput,
      run: (ctx, { params, query }) => markComplete(ctx, { task_id: params.id, ...query, completed: 'toggle' }),
    }),
  ]
}

const { task_id: _one, task_ids: _several, undo: _undo, ...UPDATE_FIELDS } = UpdateTaskInput.shape
const UpdateBody = z
  .strictObject(UPDATE_FIELDS)
  .refine(
    ({ expected_version: _version, time_zone: _zone, idempotency_key: _key, ...changes }) =>
      Object.values(changes).some((value) => value !== undefined),
    'at least one field to change, e.g. {"title": "Call Ada"}',
  )
