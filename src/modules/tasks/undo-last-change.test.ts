import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { taskAudit, taskPerson } from '../../../test/support/task-tools.ts'
import type { TaskPerson } from '../../../test/support/task-tools.ts'
import { expireUndoJob } from './expire-undo.ts'

const database = await testDatabase()

const undo = (person: TaskPerson, now?: string) => person.call('update_task', { undo: true }, now ? { now } : {})

/** What each task says, versions and times of writing aside. */
async function listed(person: TaskPerson): Promise<unknown> {
  const { tasks } = await person.result('list_tasks', { sort_by: 'newest' })
  return (tasks as Record<string, unknown>[]).map(({ version: _version, updated_at: _updated, ...task }) => task)
}

async function personWithTasks(): Promise<TaskPerson> {
  const person = await taskPerson(database)
  await person.result('create_task', {
    tasks: [
      { title: 'Move house', description: 'all of it', due: '2026-11-21T09:00', tags: ['home'] },
      { title: 'Water', due: '2026-11-20', recurrence: 'FREQ=DAILY' },
    ],
  })
  await person.add({ title: 'Pack', parent_id: 1 })
  return person
}

describe('the last change is undone', () => {
  it.each([
    ['create_task', { title: 'New' }],
    ['create_task', { tasks: [{ title: 'a' }, { title: 'b' }] }],
    ['update_task', { task_id: 1, title: 'Changed', due: null, tags: [] }],
    ['update_task', { task_ids: [1, 2], priority: 'urgent' }],
    ['delete_task', { task_id: 1 }],
    ['delete_task', { task_ids: [1, 2] }],
    ['mark_complete', { task_id: 1 }],
    ['mark_complete', { task_id: 2 }],
    ['mark_complete', { task_ids: [1, 2, 3] }],
  ])('as a whole, and redone by a second undo: %s %j', async (name, args) => {
    const person = await personWithTasks()
    const before = await listed(person)
    await person.confirmed(name, args)
    const after = await listed(person)
    expect(after).not.toEqual(before)
    expect(await undo(person)).toMatchObject({ kind: 'done', output: { status: 'undone' } })
    expect(await listed(person)).toEqual(before)
    expect(await undo(person)).toMatchObject({ kind: 'done' })
    expect(await listed(person)).toEqual(after)
  })

  it('per person, independently of others', async () => {
    const person = await personWithTasks()
    const neighbour = await taskPerson(database, person.tenant, 'usr_2')
    await person.result('delete_task', { task_id: 1 })
    await neighbour.add({ title: 'theirs' })
    expect(await undo(person)).toMatchObject({
      output: { results: [{ id: 1, task: { title: 'Move house' } }, { id: 3 }] },
    })
    expect(await listed(neighbour)).toHaveLength(1)
  })

  it('with a new version, so that nobody overwrites it unread', async () => {
    const person = await personWithTasks()
    await person.result('update_task', { task_id: 1, title: 'Changed' })
    await undo(person)
    expect(await person.task(1)).toMatchObject({ title: 'Move house', version: 3 })
    await person.result('delete_task', { task_id: 1 })
    await undo(person)
    expect(await person.task(1)).toMatchObject({ version: 4 })
  })

  it('also after a call that changed nothing', async () => {
    const person = await personWithTasks()
    await person.result('mark_complete', { task_id: 1 })
    await person.result('mark_complete', { task_id: 1 })
    await undo(person)
    expect(await person.task(1)).toMatchObject({ completed: false })
  })

  it('within 24 hours; after that its entries are deleted', async () => {
    const person = await personWithTasks()
    await person.result('delete_task', { task_id: 2 })
    const nothing = { kind: 'failed', failure: { kind: 'not_found', code: 'NOTHING_TO_UNDO' } }
    expect(await undo(person, '2026-11-21T12:00:00Z')).toMatchObject(nothing)
    const isDue = async (now: string) => {
      const { due } = expireUndoJob
      return typeof due === 'function' && (await due(database.system, new Date(now))).includes(person.tenant.tenantId)
    }
    expect(await isDue('2026-11-21T11:59:00Z')).toBe(false)
    expect(await isDue('2026-11-22T12:00:00Z')).toBe(true)
    await expireUndoJob.run(person.tenant.ctx({ clock: () => new Date('2026-11-21T11:59:00Z') }), {})
    expect(await undo(person, '2026-11-21T11:59:00Z')).toMatchObject({ kind: 'done' })
    await expireUndoJob.run(person.tenant.ctx({ clock: () => new Date('2026-11-22T12:00:00Z') }), {})
    const { rows } = await database.owner.query('select from tasks.undo where tenant_id = $1', [person.tenant.tenantId])
    expect(rows).toEqual([])
    expect(await undo(await taskPerson(database))).toMatchObject(nothing)
  })

  it('once per idempotency key, with an audit event for every task', async () => {
    const person = await personWithTasks()
    await person.result('delete_task', { task_id: 1 })
    const args = { undo: true, idempotency_key: 'oops' }
    const first = await person.result('update_task', args)
    expect(await person.result('update_task', args)).toEqual(first)
    expect((await taskAudit(database, person.tenant)).filter((row) => row.startsWith('tasks.undo'))).toEqual([
      'tasks.undo usr_1/1',
      'tasks.undo usr_1/3',
    ])
  })

  it('on its own: the same call may do nothing else', async () => {
    const person = await personWithTasks()
    expect(await person.call('update_task', { undo: true, task_id: 1, title: 'x' })).toMatchObject({
      failure: { problems: [{ path: 'task_id' }, { path: 'title' }] },
    })
  })
})
