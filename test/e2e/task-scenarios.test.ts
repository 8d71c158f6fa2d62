import { describe, expect, it } from 'vitest'
import { DatabaseSettings } from '#kernel/config/database'
import { openDatabase } from '#kernel/database/pool'
import { quiet, testDatabase } from '../support/database.ts'
import { taskPerson } from '../support/task-tools.ts'
import { testTenant } from '../support/tenant.ts'
import type { TestTenant } from '../support/tenant.ts'

// Acceptance scenarios of the task tools, with their edge cases.
const database = await testDatabase()

const refused = (path: string) => ({ kind: 'failed', failure: { kind: 'invalid', problems: [{ path }] } })
const notFound = { kind: 'failed', failure: { kind: 'not_found', code: 'TASK_NOT_FOUND' } }

describe('the tool layer', () => {
  it('create returns the id and the status "created"', async () => {
    const person = await taskPerson(database)
    expect(await person.result('create_task', { title: 'Buy milk' })).toMatchObject({ id: 1, status: 'created' })
  })

  it('list shows only the tasks of the caller', async () => {
    const person = await taskPerson(database)
    const other = await taskPerson(database, person.tenant, 'usr_2')
    await person.add({ title: 'mine' })
    await other.add({ title: 'theirs' })
    expect(await person.result('list_tasks')).toMatchObject({ tasks: [{ title: 'mine' }], total: 1 })
  })

  it('list filters by all, completed and incomplete, and counts', async () => {
    const person = await taskPerson(database)
    await person.result('create_task', { tasks: [{ title: 'done' }, { title: 'open' }] })
    await person.result('mark_complete', { task_id: 1 })
    const counts = { total: 2, completed_count: 1, pending_count: 1 }
    expect(await person.result('list_tasks', { filter: 'all' })).toMatchObject(counts)
    expect(await person.result('list_tasks', { filter: 'completed' })).toMatchObject({ tasks: [{ title: 'done' }] })
    expect(await person.result('list_tasks', { filter: 'incomplete' })).toMatchObject({ tasks: [{ title: 'open' }] })
    expect(await person.call('list_tasks', { filter: 'some' })).toMatchObject(refused('filter'))
  })

  it('an empty list is an empty array', async () => {
    const person = await taskPerson(database)
    expect(await person.result('list_tasks')).toMatchObject({
      tasks: [],
      total: 0,
      completed_count: 0,
      pending_count: 0,
      next_cursor: null,
    })
  })

  it('completing twice succeeds', async () => {
    const person = await taskPerson(database)
    const task_id = await person.add({ title: 'a' })
    for (let time = 0; time < 2; time++) {
      expect(await person.result('mark_complete', { task_id })).toMatchObject({ task: { completed: true } })
    }
  })

  it('an id of another person is refused with the same error as a missing one', async () => {
    const person = await taskPerson(database)
    const other = await taskPerson(database, person.tenant, 'usr_2')
    await other.result('create_task', { tasks: [{ title: 'theirs' }, { title: 'theirs too' }] })
    const foreign = await person.call('get_task', { task_id: 2 })
    expect(foreign).toMatchObject(notFound)
    const message = (outcome: typeof foreign) => (outcome.kind === 'failed' ? outcome.failure.message : undefined)
    const missing = await person.call('get_task', { task_id: 3 })
    expect(message(foreign)?.replace('2', '3')).toBe(message(missing))
  })

  it('an update of the description keeps the title', async () => {
    const person = await taskPerson(database)
    const task_id = await person.add({ title: 'Keep me' })
    expect(await person.result('update_task', { task_id, description: 'new' })).toMatchObject({
      task: { title: 'Keep me', description: 'new' },
    })
  })

  it.each(['get_task', 'update_task', 'delete_task', 'mark_complete'])(
    '%s of a missing id is not found',
    async (name) => {
      const person = await taskPerson(database)
      const title = name === 'update_task' ? { title: 'x' } : {}
      expect(await person.call(name, { task_id: 4711, ...title })).toMatchObject(notFound)
    },
  )

  it.each(
    ['get_task', 'update_task', 'delete_task', 'mark_complete'].flatMap((name) =>
      [-1, 0, 1.5, '1.5', 'one', null, undefined, 2 ** 40].map((task_id) => [name, task_id] as const),
    ),
  )('%s of the id %s is a validation error', async (name, task_id) => {
    const person = await taskPerson(database)
    await person.add({ title: 'a' })
    const title = name === 'update_task' ? { title: 'x' } : {}
    expect(await person.call(name, { task_id, ...title })).toMatchObject({
      failure: { kind: 'invalid', problems: [{ path: 'task_id' }] },
    })
  })

  it('a missing title is a validation error that says what was expected', async () => {
    const person = await taskPerson(database)
    expect(await person.call('create_task', {})).toMatchObject({
      failure: { problems: [{ path: 'title', expected: '1–200 characters (required)' }] },
    })
  })

  it('the person is never an argument', async () => {
    const person = await taskPerson(database)
    expect(await person.call('list_tasks', { user_id: 'usr_2' })).toMatchObject(refused('user_id'))
  })

  it('concurrent updates do not corrupt', async () => {
    const person = await taskPerson(database)
    const task_id = await person.add({ title: 'a' })
    const writes = Array.from({ length: 20 }, (_, at) =>
      person.result('update_task', { task_id, ...(at % 2 === 0 ? { title: `t${at}` } : { description: `d${at}` }) }),
    )
    const versions = (await Promise.all(writes)).map(({ task }) => (task as { version: number }).version)
    expect(new Set(versions).size).toBe(20)
    const { title, description, version } = await person.task(task_id)
    expect([title, description, version]).toEqual([expect.stringMatching(/^t/), expect.stringMatching(/^d/), 21])
  })
})

describe('a database failure', () => {
  it.each([
    ['list_tasks', {}],
    ['create_task', { title: 'x' }],
    ['update_task', { task_id: 1, title: 'x' }],
    ['delete_task', { task_id: 1 }],
    ['get_task', { task_id: 1 }],
    ['mark_complete', { task_id: 1 }],
  ])('is reported by %s as retryable, without details of the database', async (name, args) => {
    const url = 'postgres://somebody:secret@127.0.0.1:1/nowhere'
    const settings = DatabaseSettings.parse({ poolSize: 1, poolOverflow: 0 })
    const observe = { started: () => () => undefined }
    const away = openDatabase({ url, settings, log: quiet, observe })
    try {
      const tenant = await testTenant(database)
      const cutOff: TestTenant = {
        ...tenant,
        ctx: (options) => ({ ...tenant.ctx(options), db: away.forTenant(tenant.tenantId) }),
      }
      const person = await taskPerson(database, cutOff)
      const outcome = await person.call(name, args)
      expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'unavailable', retryAfterSeconds: 1 } })
      const told = outcome.kind === 'failed' ? outcome.failure.message : ''
      expect(told).not.toMatch(/ECONN|127\.0|postgres|secret|select|insert/i)
    } finally {
      await away.close()
    }
  })
})

describe('the edge cases', () => {
  it.each([
    ['title', '1–200 characters'],
    ['description', 'at most 2000 characters'],
  ])('a %s of 10,000 characters is a validation error that names the limit', async (field, expected) => {
    const person = await taskPerson(database)
    const args = { title: 'x', [field]: 'x'.repeat(10_000) }
    expect(await person.call('create_task', args)).toMatchObject({ failure: { problems: [{ path: field, expected }] } })
  })

  it('an emoji counts as one character: 200 are accepted, 201 are not', async () => {
    const person = await taskPerson(database)
    expect(await person.result('create_task', { title: '🎉'.repeat(200) })).toMatchObject({ status: 'created' })
    expect(await person.call('create_task', { title: '🎉'.repeat(201) })).toMatchObject(refused('title'))
  })

  it('duplicate titles are two tasks', async () => {
    const person = await taskPerson(database)
    const ids = [await person.add({ title: 'Call mom' }), await person.add({ title: 'Call mom' })]
    await person.result('delete_task', { task_id: ids[0] })
    expect(await person.result('list_tasks', { search: 'call mom' })).toMatchObject({ tasks: [{ id: ids[1] }] })
  })

  it.each([
    '🎉 Party 👩‍👩‍👧‍👦 für Zoë — 日本語 عربي',
    `<script>alert("x")</script> & 'quotes' "double" \\ back`,
    "Robert'); drop table tasks.tasks;--",
    '  spaces kept  ',
    'line one\nline two\ttabbed',
    '%_ $1 {{title}} ${x}',
  ])('text stays as it was typed: %j', async (text) => {
    const person = await taskPerson(database)
    const task_id = await person.add({ title: text, description: text, tags: [text.slice(0, 30).trim()] })
    expect(await person.task(task_id)).toMatchObject({ title: text, description: text })
    expect(await person.result('list_tasks', { search: text })).toMatchObject({ total: 1 })
  })

  it('text that PostgreSQL cannot store is refused', async () => {
    const person = await taskPerson(database)
    for (const title of ['nul \0', 'half \ud83d', ' ', '']) {
      expect(await person.call('create_task', { title })).toMatchObject(refused('title'))
    }
  })

  it('of two concurrent edits, the second fails with the current version of the task', async () => {
    const person = await taskPerson(database)
    const task_id = await person.add({ title: 'a' })
    const { version } = await person.task(task_id)
    await person.result('update_task', { task_id, title: 'first tab', expected_version: version })
    expect(await person.call('update_task', { task_id, title: 'second tab', expected_version: version })).toMatchObject(
      {
        failure: { kind: 'conflict', code: 'VERSION_CONFLICT', problems: [{ path: 'expected_version', example: 2 }] },
      },
    )
    expect(await person.task(task_id)).toMatchObject({ title: 'first tab' })
  })

  it('a list of more than 1,000 tasks is paged: each task is listed once, and the counts include all', async () => {
    const person = await taskPerson(database)
    await person.add({ title: 'first' })
    await database.owner.query(
      `insert into tasks.tasks (tenant_id, user_id, task_id, title, created_at, updated_at)
       select $1, 'usr_1', n, 'Task ' || n, now(), now() from generate_series(2, 1200) n`,
      [person.tenant.tenantId],
    )
    const seen = new Set<number>()
    let cursor: unknown
    let pages = 0
    do {
      const page = await person.result('list_tasks', { limit: 1000, ...(typeof cursor === 'string' && { cursor }) })
      expect(page).toMatchObject({ total: 1200, pending_count: 1200 })
      for (const { id } of page['tasks'] as { id: number }[]) seen.add(id)
      cursor = page['next_cursor']
      pages++
    } while (cursor !== null)
    expect(seen.size).toBe(1200)
    expect(pages).toBeLessThan(15)
  })

  it('every result contains the current time, and due dates absolute and relative to it', async () => {
    const person = await taskPerson(database)
    const now = '2026-11-20T22:30:00Z'
    const args = { title: 'Ship it', due: '2026-11-23T09:00', time_zone: 'Asia/Tokyo' }
    const told = { current_time: '2026-11-21T07:30:00+09:00', weekday: 'Saturday', time_zone: 'Asia/Tokyo' }
    const task = { due: '2026-11-23T09:00:00+09:00', due_relative: 'in 2 days (Mon 09:00)' }
    expect(await person.result('create_task', args, { now })).toMatchObject({ ...told, task })
    expect(await person.result('get_task', { task_id: 1 }, { now })).toMatchObject({ ...told, task })
    expect(await person.result('list_tasks', {}, { now })).toMatchObject({ ...told, tasks: [task] })
    for (const [name, more] of [
      ['update_task', { priority: 'low' }],
      ['mark_complete', {}],
      ['delete_task', {}],
    ] as const) {
      expect(await person.result(name, { task_id: 1, ...more }, { now })).toMatchObject(told)
    }
  })

  it('a recurring task keeps its rule when it is rescheduled, and ends after its count', async () => {
    const person = await taskPerson(database)
    await person.add({ title: 'Stand-up', due: '2026-11-20T15:00', recurrence: 'FREQ=DAILY;COUNT=3' })
    await person.result('update_task', { task_id: 1, due: '2026-11-20T18:00' })
    expect(await person.result('mark_complete', { task_id: 1 })).toMatchObject({
      next_task_id: 2,
      next_due: '2026-11-21T15:00:00+00:00',
      next_due_relative: 'tomorrow 15:00',
    })
    expect(await person.task(2)).toMatchObject({ recurrence: 'FREQ=DAILY;COUNT=3' })
    expect(await person.result('mark_complete', { task_id: 2 })).toMatchObject({ next_task_id: 3 })
    expect(await person.result('mark_complete', { task_id: 3 })).toMatchObject({ series_ended: true })
    expect(await person.call('update_task', { task_id: 2, due: null })).toMatchObject(refused('due'))
    expect(await person.result('update_task', { task_id: 2, due: null, recurrence: null })).toMatchObject({
      task: { version: 3 },
    })
  })
})
