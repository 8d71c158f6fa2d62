import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { taskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('returns this result to a model', async () => {
  const person = await taskPerson(database)
  await person.add({ title: 'Move house', due: '2026-12-01', time_zone: 'America/New_York' })
  await person.add({ title: 'Pack', parent_id: 1 })
  expect(await person.result('get_task', { task_id: 1 })).toMatchInlineSnapshot(`
    {
      "current_time": "2026-11-20T07:00:00-05:00",
      "task": {
        "completed": false,
        "created_at": "2026-11-20T12:00:00.000Z",
        "description": null,
        "due": "2026-12-01",
        "due_relative": "in 11 days (Tue)",
        "id": 1,
        "priority": "medium",
        "subtasks": [
          {
            "completed": false,
            "id": 2,
            "title": "Pack",
          },
        ],
        "title": "Move house",
        "updated_at": "2026-11-20T12:00:00.000Z",
        "version": 1,
      },
      "time_zone": "America/New_York",
      "weekday": "Friday",
    }
  `)
})

it('shows the same instant in the requested time zone', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Call', due: '2026-11-21T09:00', time_zone: 'Europe/Berlin' })
  expect(await person.result('get_task', { task_id: id, time_zone: 'Asia/Tokyo' })).toMatchObject({
    time_zone: 'Asia/Tokyo',
    current_time: '2026-11-20T21:00:00+09:00',
    task: { due: '2026-11-21T17:00:00+09:00', due_relative: 'tomorrow 17:00' },
  })
  expect(await person.result('get_task', { task_id: id })).toMatchObject({ time_zone: 'Europe/Berlin' })
})
