import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { taskAudit, taskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('returns this result to a model', async () => {
  const person = await taskPerson(database)
  await person.add({ title: 'Draft', description: 'first', due: '2026-11-18' })
  const result = await person.result('update_task', { task_id: 1, title: 'Draft the report', priority: 'urgent' })
  expect(result).toMatchInlineSnapshot(`
    {
      "current_time": "2026-11-20T12:00:00+00:00",
      "id": 1,
      "status": "updated",
      "task": {
        "completed": false,
        "created_at": "2026-11-20T12:00:00.000Z",
        "description": "first",
        "due": "2026-11-18",
        "due_relative": "2 days overdue",
        "id": 1,
        "overdue": true,
        "priority": "urgent",
        "title": "Draft the report",
        "updated_at": "2026-11-20T12:00:00.000Z",
        "version": 2,
      },
      "time_zone": "UTC",
      "weekday": "Friday",
    }
  `)
  expect(await taskAudit(database, person.tenant)).toEqual(['tasks.create usr_1/1', 'tasks.update usr_1/1'])
})

it('clears fields that are set to null, and refuses an update without fields', async () => {
  const person = await taskPerson(database)
  const parent = await person.add({ title: 'parent' })
  const id = await person.add({ title: 'a', description: 'b', due: '2026-11-21', tags: ['x'], parent_id: parent })
  const nothing = { description: null, due: null, tags: [], parent_id: null }
  const { task } = await person.result('update_task', { task_id: id, ...nothing })
  expect(task).toMatchObject({ title: 'a', description: null, version: 2 })
  expect(Object.keys(task as object)).not.toEqual(expect.arrayContaining(['due']))
  expect(task).not.toHaveProperty('tags')
  expect(task).not.toHaveProperty('parent_id')
  expect(await person.call('update_task', { task_id: id })).toMatchObject({ failure: { kind: 'invalid' } })
  expect(await person.result('update_task', { task_id: id, title: 'a' })).toMatchObject({
    status: 'unchanged',
    task: { version: 2 },
  })
})

it('clears fields that are set to an empty text or 0, for callers that cannot send null', async () => {
  const person = await taskPerson(database)
  const parent = await person.add({ title: 'parent' })
  const id = await person.add({ title: 'a', description: 'b', due: '2026-11-21', parent_id: parent })
  const empty = { description: '', due: '', parent_id: 0 }
  const { task } = await person.result('update_task', { task_id: id, ...empty })
  expect(task).toMatchObject({ description: null })
  expect(task).not.toHaveProperty('due')
  expect(task).not.toHaveProperty('parent_id')
  expect(await person.result('update_task', { task_id: id, ...empty })).toMatchObject({ status: 'unchanged' })
})

it('changes the same fields of several tasks independently', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }] })
  const result = await person.result('update_task', { task_ids: [1, 99, 2], due: '2026-11-21T10:00' })
  expect(result).toMatchObject({
    status: 'partial',
    succeeded: 2,
    failed: 1,
    results: [
      { id: 1, task: { title: 'a', due_relative: 'tomorrow 10:00' } },
      { id: 99, status: 'failed', error: { code: 'TASK_NOT_FOUND' } },
      { id: 2, task: { title: 'b' } },
    ],
  })
  expect(await person.call('update_task', { task_ids: [1], title: 'x', expected_version: 1 })).toMatchObject({
    failure: { problems: [{ path: 'expected_version' }] },
  })
})

it('refuses to make a task with sub-tasks a sub-task, and a task its own parent', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }] })
  await person.add({ title: 'c', parent_id: 1 })
  const wrongParent = { failure: { problems: [{ path: 'parent_id' }] } }
  expect(await person.call('update_task', { task_id: 1, parent_id: 2 })).toMatchObject(wrongParent)
  expect(await person.call('update_task', { task_id: 2, parent_id: 2 })).toMatchObject(wrongParent)
  expect(await person.call('update_task', { task_id: 2, parent_id: 3 })).toMatchObject(wrongParent)
  expect(await person.result('update_task', { task_id: 2, parent_id: 1 })).toMatchObject({ task: { parent_id: 1 } })
})

it('keeps each tag once, in its first spelling', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { title: 'a', tags: ['Work', 'home', 'work'] })
  expect(await person.result('get_task', { task_id: 1 })).toMatchObject({ task: { tags: ['Work', 'home'] } })
  await person.result('update_task', { task_id: 1, tags: ['CAFE\u0301', 'Caf\u00e9', 'b'] })
  expect(await person.result('get_task', { task_id: 1 })).toMatchObject({ task: { tags: ['CAF\u00c9', 'b'] } })
})
