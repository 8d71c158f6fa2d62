import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { taskAudit, taskPerson } from '../../../../test/support/task-tools.ts'
import type { TaskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('returns this result to a model', async () => {
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

it('deletes several tasks independently', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }] })
  expect(await person.confirmed('delete_task', { task_ids: [2, 99, 1] })).toMatchObject({
    status: 'partial',
    succeeded: 2,
    failed: 1,
    results: [
      { id: 2, title: 'b', status: 'deleted' },
      { id: 99, status: 'failed', error: { code: 'TASK_NOT_FOUND' } },
      { id: 1, title: 'a', status: 'deleted' },
    ],
  })
})

it('refuses a task that has changed since it was read', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'a' })
  await person.result('update_task', { task_id: id, title: 'b' })
  expect(await person.call('delete_task', { task_id: id, expected_version: 1 })).toMatchObject({
    failure: { kind: 'conflict', code: 'VERSION_CONFLICT' },
  })
})

it('says that the series of a recurring task has ended', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', recurrence: 'FREQ=DAILY' })
  expect(await person.result('delete_task', { task_id: id })).toMatchObject({ title: 'Water', series_ended: true })
})

it('does not say so for a reopened occurrence whose next one exists', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'Water', due: '2030-01-01', recurrence: 'FREQ=DAILY' })
  await person.result('mark_complete', { task_id: id })
  await person.result('update_task', { task_id: id + 1, due: '2030-01-05' })
  await person.result('mark_complete', { task_id: id, completed: false })
  expect(await person.result('delete_task', { task_id: id })).not.toHaveProperty('series_ended')
  expect(await person.result('list_tasks', {})).toMatchObject({ tasks: [{ id: id + 1, recurrence: 'FREQ=DAILY' }] })
})

it('called again with its idempotency key succeeds, and returns the id', async () => {
  const person = await taskPerson(database)
  const id = await person.add({ title: 'a' })
  const args = { task_id: id, idempotency_key: 'once' }
  expect(await person.result('delete_task', args)).toMatchObject({ id, title: 'a', status: 'deleted' })
  expect(await person.result('delete_task', args)).toMatchObject({ id, status: 'deleted' })
})

describe('several tasks', () => {
  const args = { task_ids: [1, 2] }

  /** Tasks 1 and 2, the first with sub-task 3. */
  async function personWithThree(of?: TaskPerson): Promise<TaskPerson> {
    const person = await taskPerson(database, of?.tenant, of === undefined ? 'usr_1' : 'usr_2')
    await person.result('create_task', { tasks: [{ title: 'Move house' }, { title: 'Water' }] })
    await person.add({ title: 'Pack', parent_id: 1 })
    return person
  }
  const ids = async (person: TaskPerson) => {
    const { tasks } = await person.result('list_tasks', { sort_by: 'newest' })
    return (tasks as { id: number }[]).map(({ id }) => id)
  }
  async function tokenFor(person: TaskPerson): Promise<unknown> {
    const { confirmation } = await person.result('delete_task', args)
    return (confirmation as { confirm_token: string }).confirm_token
  }

  it('are previewed first, with a question that names them, and not deleted', async () => {
    const person = await personWithThree()
    expect(await person.result('delete_task', args)).toMatchInlineSnapshot(
      {
        confirmation: { confirm_token: expect.any(String) },
      },
      `
      {
        "confirmation": {
          "confirm_token": Any<String>,
          "expires_at": "2026-11-20T12:10:00.000Z",
          "question": "Delete 2 tasks with 1 sub-task? They can be restored for 24 hours.
      - Move house
      - Water",
        },
        "preview": {
          "current_time": "2026-11-20T12:00:00+00:00",
          "failed": 0,
          "results": [
            {
              "deleted_subtasks": 1,
              "id": 1,
              "index": 0,
              "status": "deleted",
              "title": "Move house",
            },
            {
              "id": 2,
              "index": 1,
              "status": "deleted",
              "title": "Water",
            },
          ],
          "status": "done",
          "succeeded": 2,
          "time_zone": "UTC",
          "weekday": "Friday",
        },
      }
    `,
    )
    expect(await ids(person)).toEqual([3, 2, 1])
    expect((await taskAudit(database, person.tenant)).filter((row) => row.includes('delete'))).toEqual([])
  })

  it('are deleted with the token of the preview, and restored by one undo', async () => {
    const person = await personWithThree()
    const confirm_token = await tokenFor(person)
    expect(await person.result('delete_task', { ...args, confirm_token })).toMatchObject({
      status: 'done',
      succeeded: 2,
      results: [
        { id: 1, title: 'Move house', deleted_subtasks: 1 },
        { id: 2, title: 'Water' },
      ],
    })
    expect(await ids(person)).toEqual([])
    await person.result('update_task', { undo: true })
    expect(await ids(person)).toEqual([3, 2, 1])
  })

  it.each<[string, (person: TaskPerson) => Promise<[TaskPerson, object]>]>([
    ['of another person with tasks of the same numbers', async (person) => [await personWithThree(person), args]],
    ['of other ids', (person) => Promise.resolve([person, { task_ids: [2, 3] }])],
    [
      'of a task that has changed since',
      async (person) => {
        await person.result('update_task', { task_id: 2, title: 'Water the plants' })
        return [person, args]
      },
    ],
    [
      'of a task that has a new sub-task',
      async (person) => {
        await person.add({ title: 'Rent a van', parent_id: 1 })
        return [person, args]
      },
    ],
  ])('are not deleted with a token %s', async (_whose, altered) => {
    const first = await personWithThree()
    const confirm_token = await tokenFor(first)
    const [person, given] = await altered(first)
    const before = await ids(person)
    expect(await person.call('delete_task', { ...given, confirm_token })).toMatchObject({
      failure: { kind: 'conflict', code: 'CONFIRMATION_REFUSED' },
    })
    expect(await ids(person)).toEqual(before)
  })

  it('of which none exists are refused without a question', async () => {
    const person = await personWithThree()
    expect(await person.result('delete_task', { task_ids: [8, 9] })).toMatchObject({
      status: 'failed',
      failed: 2,
      results: [{ error: { code: 'TASK_NOT_FOUND' } }, { error: { code: 'TASK_NOT_FOUND' } }],
    })
  })

  it('are deleted once per idempotency key when the confirmed call is repeated', async () => {
    const person = await personWithThree()
    const keyed = { ...args, idempotency_key: 'once' }
    const { confirmation } = await person.result('delete_task', keyed)
    const { confirm_token } = confirmation as { confirm_token: string }
    await person.result('delete_task', { ...keyed, confirm_token })
    expect(await person.result('delete_task', { ...keyed, confirm_token })).toMatchObject({
      status: 'done',
      succeeded: 2,
      results: [{ id: 1, deleted_subtasks: 1 }, { id: 2 }],
    })
  })
})
