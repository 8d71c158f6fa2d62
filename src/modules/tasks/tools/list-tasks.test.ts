import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { taskPerson } from '../../../../test/support/task-tools.ts'
import type { TaskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('returns this result to a model', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', {
    tasks: [
      { title: 'Some day' },
      { title: 'Late', due: '2026-11-18', tags: ['home'] },
      { title: 'Soon', due: '2026-11-20T17:00', priority: 'high' },
    ],
    time_zone: 'Europe/Berlin',
  })
  await person.result('mark_complete', { task_id: 1 })
  expect(await person.result('list_tasks', { limit: 2 })).toMatchInlineSnapshot(`
    {
      "completed_count": 1,
      "current_time": "2026-11-20T13:00:00+01:00",
      "next_cursor": "WyJkdWUiLCJxMEk1SjNNWSIsImhpZ2giLCIyMDI2LTExLTIwVDE2OjAwOjAwLjAwMFoiLDNd",
      "pending_count": 2,
      "tasks": [
        {
          "completed": false,
          "created_at": "2026-11-20T12:00:00.000Z",
          "description": null,
          "due": "2026-11-18",
          "due_relative": "2 days overdue",
          "id": 2,
          "overdue": true,
          "priority": "medium",
          "tags": [
            "home",
          ],
          "title": "Late",
          "updated_at": "2026-11-20T12:00:00.000Z",
          "version": 1,
        },
        {
          "completed": false,
          "created_at": "2026-11-20T12:00:00.000Z",
          "description": null,
          "due": "2026-11-20T17:00:00+01:00",
          "due_relative": "today 17:00",
          "id": 3,
          "priority": "high",
          "title": "Soon",
          "updated_at": "2026-11-20T12:00:00.000Z",
          "version": 1,
        },
      ],
      "time_zone": "Europe/Berlin",
      "total": 3,
      "weekday": "Friday",
    }
  `)
})

it('does not show the tasks of another person', async () => {
  const owner = await taskPerson(database)
  await owner.add({ title: 'private' })
  for (const stranger of [await taskPerson(database, owner.tenant, 'usr_2'), await taskPerson(database)]) {
    expect(await stranger.result('list_tasks')).toMatchObject({ tasks: [], total: 0 })
  }
})

const titles = async (person: TaskPerson, args: Readonly<Record<string, unknown>>) =>
  ((await person.result('list_tasks', args))['tasks'] as { title: string }[]).map(({ title }) => title)

it.each([
  [{ search: 'REPORT' }, ['report to Bo', 'Q3']],
  [{ search: '100%_' }, ['100%_done']],
  [{ tags: ['work'] }, ['report to Bo', 'Q3']],
  [{ tags: ['work', 'q3'] }, ['Q3']],
  [{ priority: 'urgent' }, ['Q3']],
  [{ due_from: '2026-11-21', due_to: '2026-11-22' }, ['midnight', 'report to Bo']],
  [{ due_to: '2026-11-21' }, ['late', 'midnight', 'report to Bo']],
  [{ overdue: true }, ['late']],
  [{ overdue: false, sort_by: 'newest' }, ['part', '100%_done', 'midnight', 'Q3', 'report to Bo']],
  [{ parent_id: 5 }, ['part']],
  [{ filter: 'completed' }, ['100%_done']],
  [{ sort_by: 'priority' }, ['Q3', 'late', 'midnight', 'report to Bo', '100%_done', 'part']],
])('%j finds %j', async (args, expected) => {
  const person = await taskPerson(database)
  await person.result('create_task', {
    time_zone: 'Europe/Berlin',
    tasks: [
      { title: 'late', due: '2026-11-20T12:59' },
      { title: 'report to Bo', due: '2026-11-21', tags: ['work'] },
      { title: 'Q3', description: 'The report', tags: ['work', 'q3'], priority: 'urgent' },
      { title: 'midnight', due: '2026-11-21T23:59' },
      { title: '100%_done' },
    ],
  })
  await person.add({ title: 'part', parent_id: 5 })
  await person.result('mark_complete', { task_id: 5 })
  await person.result('mark_complete', { task_id: 6, completed: false })
  expect(await titles(person, args)).toEqual(expected)
})

it('counts all matching tasks, not only the page', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }, { title: 'c' }] })
  await person.result('mark_complete', { task_ids: [1, 2] })
  expect(await person.result('list_tasks', { limit: 1 })).toMatchObject({
    total: 3,
    completed_count: 2,
    pending_count: 1,
  })
})

it('refuses a cursor of another list, and an invalid one', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'a' }, { title: 'b' }] })
  const { next_cursor: cursor } = await person.result('list_tasks', { limit: 1 })
  expect(await titles(person, { cursor })).toEqual(['b'])
  for (const args of [
    { cursor, filter: 'completed' },
    { cursor, sort_by: 'newest' },
    { cursor: 'x' },
    { cursor: '' },
  ]) {
    expect(await person.call('list_tasks', args)).toMatchObject({
      failure: { kind: 'invalid', problems: [{ path: 'cursor' }] },
    })
  }
})

it('ends a page early when long tasks would exceed the size limit', async () => {
  const person = await taskPerson(database)
  const tasks = Array.from({ length: 25 }, (_, at) => ({ title: `${at}`, description: '\u0001'.repeat(2000) }))
  await person.result('create_task', { tasks })
  const page = await person.result('list_tasks')
  expect((page['tasks'] as unknown[]).length).toBeLessThan(25)
  expect(page['next_cursor']).not.toBeNull()
  expect(JSON.stringify(page).length).toBeLessThan(50_000)
})

it('finds text in either Unicode form, and tags in any case', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { title: 'Cafe\u0301', tags: ['Errands "1"', 'Café'] })
  const ids = async (filter: Record<string, unknown>) =>
    ((await person.result('list_tasks', filter))['tasks'] as { id: number }[]).map(({ id }) => id)
  expect(await ids({ search: 'caf\u00e9' })).toEqual([1])
  expect(await ids({ search: 'cafe\u0301' })).toEqual([1])
  expect(await ids({ tags: ['errands "1"'] })).toEqual([1])
  expect(await ids({ tags: ['CAFE\u0301', 'ERRANDS "1"'] })).toEqual([1])
  expect(await ids({ tags: ['errands'] })).toEqual([])
})
