import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { expectPersonWalls, expectTaskWalls, taskAudit, taskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('answers what a model receives', async () => {
  const person = await taskPerson(database)
  await person.add({ title: 'Move house' })
  await person.add({ title: 'Pack', parent_id: 1 })
  expect(await person.result('delete_task', { task_id: 1 })).toMatchInlineSnapshot(`
    {
      "current_time": "2026-11-20T12:00:00+00:00",
      "deleted_subtasks": 1,
      "id": 1,
      "status": "deleted",
      "time_zone": "UTC",
      "title": "Move house",
      "weekday": "Friday",
    }
  `)
  expect(await person.result('list_tasks')).toMatchObject({ tasks: [] })
  expect((await taskAudit(database, person.tenant)).slice(2)).toEqual(['tasks.delete usr_1/1', 'tasks.delete usr_1/2'])
})

it('is refused without tasks:write, and without a person', async () => {
  await expectTaskWalls(database, 'delete_task', { task_id: 1 }, 'tasks:write')
})

it('does not find another person’s task', async () => {
  await expectPersonWalls(database, 'delete_task', {})
})

it('deletes several, each for itself', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }] })
  expect(await person.result('delete_task', { task_ids: [2, 99, 1] })).toMatchObject({
    ...{ status: 'partial', succeeded: 2, failed: 1 },
    results: [
      { id: 2, title: 'b', status: 'deleted' },
      { id: 99, status: 'failed', error: { code: 'TASK_NOT_FOUND' } },
      { id: 1, title: 'a', status: 'deleted' },
    ],
  })
})

it('refuses what was changed since it was read', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'a' })
  await person.result('update_task', { task_id: id, title: 'b' })
  expect(await person.call('delete_task', { task_id: id, expected_version: 1 })).toMatchObject({
    failure: { kind: 'conflict', code: 'VERSION_CONFLICT' },
  })
})

it('says that the series of a recurring task is over', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', recurrence: 'FREQ=DAILY' })
  expect(await person.result('delete_task', { task_id: id })).toMatchObject({ title: 'Water', series_ended: true })
})

it('does not say so of an occurrence that was opened again while the next one stays', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', due: '2030-01-01', recurrence: 'FREQ=DAILY' })
  await person.result('mark_complete', { task_id: id })
  await person.result('update_task', { task_id: id + 1, due: '2030-01-05' })
  await person.result('mark_complete', { task_id: id, completed: false })
  expect(await person.result('delete_task', { task_id: id })).not.toHaveProperty('series_ended')
  expect(await person.result('list_tasks', {})).toMatchObject({ tasks: [{ id: id + 1, recurrence: 'FREQ=DAILY' }] })
})

it('called again with its idempotency key succeeds, and knows the id', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'a' })
  const args = { task_id: id, idempotency_key: 'once' }
  expect(await person.result('delete_task', args)).toMatchObject({ id, title: 'a', status: 'deleted' })
  expect(await person.result('delete_task', args)).toMatchObject({ id, status: 'deleted' })
})
