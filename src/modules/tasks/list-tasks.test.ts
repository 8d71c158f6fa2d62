import fc from 'fast-check'
import { expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { taskPerson } from '../../../test/support/task-tools.ts'

const database = await testDatabase()

it('following the cursors returns every task once, even while tasks are added', async () => {
  const due = fc.option(fc.constantFrom('2026-11-20', '2026-11-21', '2026-11-21T09:00', '2026-12-01'))
  const task = fc.record({ due, priority: fc.constantFrom('low', 'medium', 'high', 'urgent') })
  await fc.assert(
    fc.asyncProperty(
      fc.array(task, { minLength: 1, maxLength: 25 }),
      fc.array(task, { maxLength: 8 }),
      fc.constantFrom('due', 'priority', 'newest'),
      fc.integer({ min: 1, max: 7 }),
      async (first, later, sort_by, limit) => {
        const person = await taskPerson(database)
        const typed = (given: typeof first) =>
          given.map(({ due, ...rest }) => ({ title: 'x', ...rest, ...(due && { due }) }))
        await person.result('create_task', { tasks: typed(first) })
        const added = typed(later)
        const seen: number[] = []
        let cursor: unknown
        do {
          const args = { sort_by, limit, ...(typeof cursor === 'string' && { cursor }) }
          const page = await person.result('list_tasks', args)
          seen.push(...(page['tasks'] as { id: number }[]).map(({ id }) => id))
          cursor = page['next_cursor']
          const next = added.pop()
          if (next !== undefined) await person.add(next)
        } while (cursor !== null)
        expect(new Set(seen).size).toBe(seen.length)
        const ids = first.map((_, at) => at + 1)
        expect(seen.filter((id) => id <= first.length).toSorted((a, b) => a - b)).toEqual(ids)
      },
    ),
    { numRuns: 25 },
  )
})

it('reads a page of a long list with an index, and one task by its key', async () => {
  const person = await taskPerson(database)
  await database.owner.query(
    `insert into tasks.tasks (tenant_id, user_id, task_id, title, created_at, updated_at)
     select $1, 'usr_' || n % 20, n, 'Task ' || n, now(), now() from generate_series(1, 20000) n`,
    [person.tenant.tenantId],
  )
  await database.owner.query('analyze tasks.tasks')
  const plan = async (sql: string) => {
    const { rows } = await database.owner.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, [person.tenant.tenantId])
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
  const mine = `tenant_id = $1 and user_id = 'usr_1'`
  const list = await plan(
    `select title from tasks.tasks where ${mine} and (coalesce(due_at, 'infinity'), task_id) > ('-infinity'::timestamptz, 0)
     order by coalesce(due_at, 'infinity'), task_id limit 100`,
  )
  expect(list).toMatch(/Index Scan using tasks_tenant_id_user_id_coalesce_task_id_idx/)
  expect(list).not.toMatch(/Sort|Seq Scan/)
  expect(await plan(`select title from tasks.tasks where ${mine} and task_id = any (array[1])`)).toMatch(/tasks_pkey/)
})
