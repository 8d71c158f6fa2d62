import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { taskAudit, taskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('returns this result to a model', async () => {
  const person = await taskPerson(database)
  await person.add({ title: 'Water the plants', due: '2026-11-17T08:00', recurrence: 'FREQ=DAILY' })
  await person.add({ title: 'Ferns', parent_id: 1 })
  expect(await person.result('mark_complete', { task_id: 1 })).toMatchInlineSnapshot(`
    {
      "also_completed": [
        2,
      ],
      "current_time": "2026-11-20T12:00:00+00:00",
      "id": 1,
      "next_due": "2026-11-21T08:00:00+00:00",
      "next_due_relative": "tomorrow 08:00",
      "next_task_id": 3,
      "skipped_occurrences": 3,
      "status": "completed",
      "task": {
        "completed": true,
        "completed_at": "2026-11-20T12:00:00.000Z",
        "created_at": "2026-11-20T12:00:00.000Z",
        "description": null,
        "due": "2026-11-17T08:00:00+00:00",
        "due_relative": "was due 3 days ago",
        "id": 1,
        "priority": "medium",
        "recurrence": "FREQ=DAILY",
        "title": "Water the plants",
        "updated_at": "2026-11-20T12:00:00.000Z",
        "version": 2,
      },
      "time_zone": "UTC",
      "weekday": "Friday",
    }
  `)
  expect(await person.task(3)).toMatchObject({ title: 'Water the plants', subtasks: [{ id: 4, completed: false }] })
  expect((await taskAudit(database, person.tenant)).slice(0, 4)).toEqual([
    'tasks.complete usr_1/1',
    'tasks.complete usr_1/2',
    'tasks.complete usr_1/3',
    'tasks.complete usr_1/4',
  ])
})

it('completes by default, and never reopens', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'a' })
  for (const status of ['completed', 'unchanged', 'unchanged']) {
    expect(await person.result('mark_complete', { task_id: id })).toMatchObject({
      status,
      task: { completed: true, version: 2 },
    })
  }
})

it('reopens, and removes the next occurrence if it is unchanged', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', due: '2026-11-20', recurrence: 'FREQ=DAILY' })
  expect(await person.result('mark_complete', { task_id: id })).toMatchObject({ next_task_id: 2 })
  const reopened = await person.result('mark_complete', { task_id: id, completed: false })
  expect(reopened).toMatchObject({ status: 'reopened', removed_task_id: 2, task: { completed: false } })
  expect(await person.result('mark_complete', { task_id: id })).toMatchObject({ next_task_id: 3 })
})

it('creates no second next occurrence if the first was changed', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', due: '2026-11-20', recurrence: 'FREQ=DAILY' })
  await person.result('mark_complete', { task_id: id })
  await person.result('update_task', { task_id: 2, title: 'Water well' })
  for (const _time of ['first', 'second']) {
    await person.result('mark_complete', { task_id: id, completed: false })
    expect(await person.result('mark_complete', { task_id: id })).not.toHaveProperty('next_task_id')
  }
  expect(await person.result('list_tasks')).toMatchObject({ total: 2 })
})

it('keeps a next occurrence with a changed sub-task', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', due: '2026-11-20', recurrence: 'FREQ=DAILY' })
  for (const title of ['Roses', 'Herbs']) await person.add({ title, parent_id: id })
  expect(await person.result('mark_complete', { task_id: id })).toMatchObject({ next_task_id: 4 })
  await person.result('update_task', { task_id: 6, title: 'Herbs and salad' })
  const reopened = await person.result('mark_complete', { task_id: id, completed: false })
  expect(reopened).not.toHaveProperty('removed_task_id')
  expect(await person.result('list_tasks', { parent_id: 4 })).toMatchObject({ total: 2 })
})

it('completes several tasks independently', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }] })
  expect(await person.result('mark_complete', { task_ids: [1, 99, 2] })).toMatchObject({
    status: 'partial',
    succeeded: 2,
    failed: 1,
    results: [{ status: 'completed' }, { id: 99, error: { code: 'TASK_NOT_FOUND' } }, { task: { completed: true } }],
  })
})
