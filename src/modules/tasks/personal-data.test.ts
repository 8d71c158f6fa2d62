import { expect, it } from 'vitest'
import { personOf } from '#kernel/personal-data/person'
import { autocommit } from '#kernel/database/transact'
import { testDatabase } from '../../../test/support/database.ts'
import { taskPerson } from '../../../test/support/task-tools.ts'
import { personalTasks } from './personal-data.ts'

const database = await testDatabase()

it('a person’s whole list is exported, previewed and erased, and nobody else’s', async () => {
  const leaving = await taskPerson(database)
  const staying = await taskPerson(database, leaving.tenant, 'usr_2')
  await leaving.result('create_task', { tasks: [{ title: 'mine' }, { title: 'mine too' }], time_zone: 'Europe/Berlin' })
  await leaving.add({ title: 'part', parent_id: 1 })
  await staying.add({ title: 'Call ada@example.com today', tags: ['ada@example.com'] })
  const ctx = leaving.tenant.ctx()
  const person = personOf({ refs: ['user:usr_1'], emails: ['ada@example.com'] }, 'salt')
  expect((await personalTasks.export(ctx, person)).map(({ table, title }) => [table, title])).toEqual(
    expect.arrayContaining([
      ['tasks.tasks', 'mine'],
      ['tasks.people', undefined],
      ['tasks.undo', undefined],
    ]),
  )
  const outcome = { erased: 5, pseudonymised: 0, scrubbed: 1 }
  expect(await personalTasks.preview(ctx, person)).toMatchObject(outcome)
  expect(await personalTasks.erase(autocommit(ctx), person)).toMatchObject(outcome)
  expect(await personalTasks.erase(autocommit(ctx), person)).toMatchObject({ erased: 0, scrubbed: 0 })
  expect(await leaving.result('list_tasks')).toMatchObject({ total: 0, time_zone: 'UTC' })
  expect(await staying.task(1)).toMatchObject({ title: 'Call [erased] today', tags: ['[erased]'] })
})

it('completed tasks expire, but not before their sub-tasks, and open ones never do', async () => {
  const person = await taskPerson(database)
  await person.result('create_task', { tasks: [{ title: 'old' }, { title: 'parent' }, { title: 'open' }] })
  await person.result('mark_complete', { task_ids: [1, 2] }, { now: '2025-01-01T00:00:00Z' })
  await person.add({ title: 'younger', parent_id: 2 })
  const expire = () =>
    personalTasks.retention?.expire(autocommit(person.tenant.ctx()), new Date('2025-06-01T00:00:00Z'), 100)
  expect(await expire()).toBe(1)
  expect(await expire()).toBe(0)
  await person.result('mark_complete', { task_id: 4 }, { now: '2025-07-01T00:00:00Z' })
  expect(await expire(), 'completed later').toBe(0)
  expect(await person.result('list_tasks')).toMatchObject({ total: 3 })
})
