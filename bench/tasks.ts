import pg from 'pg'
import type { CompiledQuery } from 'kysely'
import type { Ctx } from '#kernel/context'
import { getTask } from '../src/modules/tasks/get-task.ts'
import { ListTasksInput } from '../src/modules/tasks/input.ts'
import { listTasks } from '../src/modules/tasks/list-tasks.ts'
import { atMost, rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { callersInALoop } from './callers.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { openPlatformUnderTest, TENANT } from './platform-under-test.ts'
import type { PlatformUnderTest } from './platform-under-test.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { ScratchDatabase } from './scratch-database.ts'

const CONNECTIONS = 4
const TASKS = 1000
const PEOPLE = 20
const USER = 'usr_1'

/** A list of 1,000 tasks, and one task of it, against their statements alone through `pg`. */
export const tasks: Benchmark = {
  name: 'tasks',
  describe: 'list_tasks of 1,000 and get_task; against their statements alone, prepared, through pg',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    const ours = await openPlatformUnderTest(database, options.scratchDir, {
      DB_POOL_SIZE: String(CONNECTIONS),
      DB_MAX_OVERFLOW: '0',
    })
    const pool = new pg.Pool({
      connectionString: database.url,
      max: CONNECTIONS,
      options: `-c role=plimsoll_app -c app.tenant_id=${TENANT} -c timezone=UTC`,
    })
    try {
      await fill(database)
      const found = await takeTurns(await contenders(ours, pool, options), options.rounds, options.tell)
      return { title: 'A to-do list of 1,000 tasks', notes: NOTES, rows: rowsOf(found) }
    } finally {
      await pool.end()
      await ours.close()
      await database.close()
    }
  },
}

const NOTES = [
  `${PEOPLE} people with ${TASKS} tasks each, half of them with a due date; ${CONNECTIONS} connections, ${CONNECTIONS} callers in a loop; both sides in this process`,
  'ours: context, statements, and every task with its dates absolute and in words; the whole list as one page, like over REST',
]

async function fill({ pool }: ScratchDatabase): Promise<void> {
  await pool.query(
    `insert into tasks.tasks (tenant_id, user_id, task_id, title, due_on, due_time, time_zone, due_at, created_at, updated_at)
     select $1, 'usr_' || p, n, 'Task ' || n, d.on, case when d.on is not null then time '09:00' end,
       case when d.on is not null then 'UTC' end, d.on + interval '9 hours', now(), now()
     from generate_series(1, $2::int) p, generate_series(1, $3::int) n,
       lateral (select case when n % 2 = 0 then current_date + n % 60 end as on) d`,
    [TENANT, PEOPLE, TASKS],
  )
  await pool.query('analyze')
}

const listAll = listTasks()
const WHOLE_LIST = ListTasksInput.parse({ limit: TASKS })

type Read = (ctx: Ctx, n: number) => Promise<unknown>
const READS: Readonly<Record<'list' | 'get', Read>> = {
  list: (ctx) => listAll(ctx, WHOLE_LIST),
  get: (ctx, n) => getTask(ctx, { task_id: 1 + (n % TASKS) }),
}

async function contenders(ours: PlatformUnderTest, pool: pg.Pool, options: BenchOptions) {
  const open = (): Ctx => {
    // safe because: a context with members replaced is a context; its handle must stay the lazy one.
    return Object.create(ours.open(), {
      userId: { value: USER },
      scopes: { value: new Set(['tasks:read']) },
    }) as Ctx
  }
  const repeat = (work: (n: number) => Promise<unknown>) => async () => {
    await callersInALoop(CONNECTIONS, options.warmUpSeconds, work)
    const milliseconds: number[] = []
    const sample = await callersInALoop(CONNECTIONS, options.seconds, async (n) => {
      const startedAt = performance.now()
      await work(n)
      milliseconds.push(performance.now() - startedAt)
    })
    const sorted = milliseconds.toSorted((a, b) => a - b)
    return { ...sample, p95Milliseconds: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN }
  }
  const sides = Object.entries(READS).map(async ([name, read]) => {
    const statements = await statementsOf(open(), read)
    const byPg = async () => {
      for (const [at, { sql, parameters }] of statements.entries()) {
        await pool.query({ name: `${name}-${at}`, text: sql, values: [...parameters] })
      }
    }
    return [
      { name: `${name} by pg`, measure: repeat(byPg) },
      { name: `${name} by us`, measure: repeat((n) => read(open(), n)) },
    ]
  })
  return (await Promise.all(sides)).flat()
}

/** The statements that a read sends, in order. */
async function statementsOf(ctx: Ctx, read: Read): Promise<CompiledQuery[]> {
  const sent: CompiledQuery[] = []
  const { db } = ctx
  const listening = {
    executeQuery: (query: CompiledQuery) => {
      sent.push(query)
      return db.executeQuery(query)
    },
  }
  // safe because: the stores' statements use no other member of their handle.
  await read(Object.create(ctx, { db: { value: listening } }) as Ctx, 0)
  return sent
}

function rowsOf(found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  return Object.keys(READS).flatMap((name) => {
    const bare = found.get(`${name} by pg`) ?? []
    const ours = found.get(`${name} by us`) ?? []
    const slowest = Math.max(...ours.map((sample) => sample['p95Milliseconds'] ?? Number.NaN))
    const limit = name === 'list' ? 500 : 50
    return [
      rowOf(`${name}: the statements alone through pg, prepared`, 'calls/s', bare, 'perSecond'),
      {
        ...rowOf(`${name}: ours`, 'calls/s', ours, 'perSecond'),
        ratio: { to: 'pg', value: ratio(ours, bare, 'perSecond') },
      },
      { ...rowOf(`${name}: ours, p95`, 'ms', ours, 'p95Milliseconds'), goal: atMost(limit, slowest, 'ms') },
    ]
  })
}
