import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { taskAudit, taskPerson } from '../../../../test/support/task-tools.ts'

const database = await testDatabase()

it('returns this result to a model', async () => {
  const person = await taskPerson(database)
  const result = await person.result('create_task', {
    title: 'Call Ada ☎️ <b>now</b>',
    description: 'About the "contract"',
    due: '2026-11-21T09:00',
    priority: 'high',
    tags: ['sales', 'calls'],
    recurrence: 'FREQ=WEEKLY;BYDAY=SA',
    time_zone: 'Europe/Berlin',
  })
  expect(result).toMatchInlineSnapshot(`
    {
      "current_time": "2026-11-20T13:00:00+01:00",
      "id": 1,
      "status": "created",
      "task": {
        "completed": false,
        "created_at": "2026-11-20T12:00:00.000Z",
        "description": "About the "contract"",
        "due": "2026-11-21T09:00:00+01:00",
        "due_relative": "tomorrow 09:00",
        "id": 1,
        "priority": "high",
        "recurrence": "FREQ=WEEKLY;BYDAY=SA",
        "tags": [
          "sales",
          "calls",
        ],
        "title": "Call Ada ☎️ <b>now</b>",
        "updated_at": "2026-11-20T12:00:00.000Z",
        "version": 1,
      },
      "time_zone": "Europe/Berlin",
      "weekday": "Friday",
    }
  `)
  expect(await taskAudit(database, person.tenant)).toEqual(['tasks.create usr_1/1'])
})

it('creates the tasks of a batch independently: a refused one does not stop the others', async () => {
  const person = await taskPerson(database)
  const tasks = [{ title: 'a' }, { title: 'b', due: '2026-02-30' }, { title: 'c', parent_id: 99 }, { title: 'd' }]
  expect(await person.result('create_task', { tasks })).toMatchObject({
    status: 'partial',
    succeeded: 2,
    failed: 2,
    results: [
      { index: 0, id: 1, status: 'created', task: { title: 'a' } },
      { index: 1, status: 'failed', error: { code: 'INVALID_PARAMETERS', problems: [{ path: 'due' }] } },
      { index: 2, status: 'failed', error: { code: 'TASK_NOT_FOUND' } },
      { index: 3, id: 2, status: 'created', task: { title: 'd' } },
    ],
  })
  expect(await taskAudit(database, person.tenant)).toEqual(['tasks.create usr_1/1', 'tasks.create usr_1/2'])
})

it('stores nothing of a batch in which every task is refused', async () => {
  const person = await taskPerson(database)
  const args = { tasks: [{ title: 'a', due: 'soon' }], idempotency_key: 'k' }
  expect(await person.result('create_task', args)).toMatchObject({ status: 'failed', succeeded: 0, failed: 1 })
  expect(await taskAudit(database, person.tenant)).toEqual([])
  expect(await person.result('create_task', { ...args, tasks: [{ title: 'a' }] })).toMatchObject({ status: 'done' })
})

it('accepts at most 25 tasks at once, and not together with fields of a single task', async () => {
  const person = await taskPerson(database)
  const tasks = Array.from({ length: 26 }, (_, at) => ({ title: `${at}` }))
  expect(await person.call('create_task', { tasks })).toMatchObject({
    failure: { problems: [{ path: 'tasks', expected: '1–25 tasks' }] },
  })
  expect(await person.call('create_task', { tasks: tasks.slice(1), title: 'x' })).toMatchObject({
    failure: { problems: [{ path: 'title' }] },
  })
  expect(await person.result('create_task', { tasks: tasks.slice(1) })).toMatchObject({ succeeded: 25 })
})

it('called again with its idempotency key creates nothing, even if others use the same key', async () => {
  const person = await taskPerson(database)
  const neighbour = await taskPerson(database, person.tenant, 'usr_2')
  const args = { tasks: [{ title: 'once' }, { title: 'bad', due: 'x' }], idempotency_key: 'retry-1' }
  const first = await person.result('create_task', args)
  expect(await person.result('create_task', args)).toEqual(first)
  expect(await neighbour.result('create_task', { ...args, tasks: [{ title: 'theirs' }] })).toMatchObject({
    results: [{ id: 1, task: { title: 'theirs' } }],
  })
  expect(await person.call('create_task', { ...args, tasks: [{ title: 'other' }] })).toMatchObject({
    failure: { code: 'IDEMPOTENCY_KEY_REUSED' },
  })
  expect(await person.result('list_tasks')).toMatchObject({ total: 1 })
})

it('numbers tasks without gaps or duplicates when twenty callers create at once', async () => {
  const person = await taskPerson(database)
  const ids = await Promise.all(Array.from({ length: 20 }, (_, at) => person.add({ title: `${at}` })))
  expect(ids.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1))
})

it('allows one level of sub-tasks, without rules of their own', async () => {
  const person = await taskPerson(database)
  const parent = await person.add({ title: 'Move house' })
  const child = await person.add({ title: 'Pack', parent_id: parent })
  expect(await person.task(parent)).toMatchObject({ subtasks: [{ id: child, title: 'Pack', completed: false }] })
  expect(await person.call('create_task', { title: 'x', parent_id: child })).toMatchObject({
    failure: { problems: [{ path: 'parent_id' }] },
  })
  const recurring = { title: 'x', parent_id: parent, recurrence: 'FREQ=DAILY' }
  expect(await person.call('create_task', recurring)).toMatchObject({ failure: { problems: [{ path: 'recurrence' }] } })
})

it('stores no personal text in the table of idempotency keys', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { title: 'Very private', idempotency_key: 'k' })
  const { rows } = await database.owner.query(
    'select k::text as row from kernel.idempotency_keys k where tenant_id = $1',
    [person.tenant.tenantId],
  )
  expect(rows).toHaveLength(1)
  expect(JSON.stringify(rows)).not.toContain('private')
})

it('creates the tasks of a batch whose fields are right, and names what is wrong with the others', async () => {
  const person = await taskPerson(database)
  const tasks = [
    { title: 'a' },
    { title: '' },
    { title: 'c', colour: 'red' },
    { title: 'd', priority: 'now' },
    'e',
    { title: 'f' },
  ]
  expect(await person.result('create_task', { tasks })).toMatchObject({
    status: 'partial',
    succeeded: 2,
    failed: 4,
    results: [
      { index: 0, id: 1, status: 'created' },
      { index: 1, status: 'failed', error: { problems: [{ path: 'title', expected: '1–200 characters' }] } },
      { index: 2, status: 'failed', error: { problems: [{ path: 'colour' }] } },
      { index: 3, status: 'failed', error: { problems: [{ path: 'priority' }] } },
      { index: 4, status: 'failed', error: { code: 'INVALID_PARAMETERS' } },
      { index: 5, id: 2, status: 'created', task: { title: 'f' } },
    ],
  })
})
