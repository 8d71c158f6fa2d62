import type pg from 'pg'
import { recomputeHealth } from '../src/modules/customers/health/recompute-health.ts'
import { atMost, rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { generateCustomers } from './generated-customers.ts'
import { makeScoreTarget, SCORE_AND_UPSERT, SCORE_ONLY } from './health-by-hand.ts'
import { median, ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { openPlatformUnderTest, TENANT } from './platform-under-test.ts'
import type { PlatformUnderTest } from './platform-under-test.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { ScratchDatabase } from './scratch-database.ts'
import { watchServerMemory } from './server-memory.ts'

const DAYS = 90
/** The million customers are active on one day in ten, so that the data is generated in minutes; scoring reads one window per customer either way. */
const SIZES = [
  { customers: 10_000, activeShare: 1 },
  { customers: 100_000, activeShare: 1 },
] as const
const LARGEST = { customers: 1_000_000, activeShare: 0.1 } as const

/** The health scores of every customer of a tenant, against one hand-written statement. */
export const healthRecompute: Benchmark = {
  name: 'health-recompute',
  describe: 'health of every customer of a tenant, stored; against a hand-written statement that scores and upserts',
  run: async (options) => {
    const rows: Row[] = []
    for (const size of options.full ? [...SIZES, LARGEST] : SIZES) {
      rows.push(...(await measureSize(options, size.customers, size.activeShare)))
    }
    return { title: 'Health of every customer', rows, notes: NOTES }
  },
}

const NOTES = [
  `per customer ${DAYS} days of daily rollups (with 1 M customers a tenth of the days), 1 payment, ½ ticket, ⅓ answer, 2 contacts`,
  'by hand: scores and upserts one table with the keys of ours; ours: the same, with trend, indicators, churn, current state, timeline, audit, outbox',
  'first of the day: nothing is stored yet for today; again: nothing has changed since',
  'server memory: peak of the anonymous memory of all backends, sampled every 50 ms',
]

async function measureSize(options: BenchOptions, customers: number, activeShare: number): Promise<Row[]> {
  const database = await openScratchDatabase(`${options.scratchDir}/${customers}`)
  const ours = await openPlatformUnderTest(database, options.scratchDir)
  try {
    options.tell(`generating ${customers.toLocaleString('en-US')} customers`)
    await generateCustomers(database.pool, { tenantId: TENANT, customers, days: DAYS, activeShare })
    const target = await makeScoreTarget(database.pool)
    const run = recomputeHealth(ours.config.customers)
    const cold = await timed(database.pool, async () => void (await run(ours.openJob())))
    options.tell(`windows summed and all scored for the first time: ${cold['seconds']?.toFixed(1)} s`)
    await requireSameScores(database, target)
    const found = await takeTurns(contenders(database, ours, run, target), options.rounds, options.tell)
    return rowsOf(customers, found, cold)
  } finally {
    await ours.close()
    await database.close()
  }
}

type Recompute = ReturnType<typeof recomputeHealth>

function contenders({ pool }: ScratchDatabase, ours: PlatformUnderTest, run: Recompute, target: string) {
  const recompute = async () => void (await run(ours.openJob()))
  return [
    { name: 'score only', measure: () => timed(pool, async () => void (await pool.query(SCORE_ONLY, [TENANT]))) },
    {
      name: 'by hand',
      measure: async () => {
        await pool.query(`truncate ${target}`)
        return timed(pool, async () => void (await pool.query(SCORE_AND_UPSERT(target), [TENANT])))
      },
    },
    {
      name: 'by hand, again',
      measure: () => timed(pool, async () => void (await pool.query(SCORE_AND_UPSERT(target), [TENANT]))),
    },
    {
      name: 'ours',
      measure: async () => {
        await deleteToday(pool)
        return timed(pool, recompute)
      },
    },
    { name: 'ours, again', measure: () => timed(pool, recompute) },
  ]
}

/** Runs `work`. Returns its duration, and the peak memory of the server and of this process. */
async function timed(pool: pg.Pool, work: () => Promise<void>): Promise<Sample> {
  const watch = watchServerMemory(pool)
  const startedAt = performance.now()
  await work()
  const seconds = (performance.now() - startedAt) / 1000
  return { seconds, serverMebibytes: await watch.stop(), clientMebibytes: process.memoryUsage().rss / 2 ** 20 }
}

/** Deletes all stored scores, so that the next run is the first of the day. The usage windows stay. */
async function deleteToday(pool: pg.Pool): Promise<void> {
  await pool.query(`truncate customers.health_scores, customers.risk_indicators, customers.churn_predictions`)
  await pool.query(`delete from customers.timeline_events where event_type = 'health'`)
  await pool.query(`update customers.customers set health_score = null, churn_probability = null`)
  await pool.query('vacuum analyze customers.customers')
  await pool.query('checkpoint')
}

/** Throws unless both sides compute the same scores. */
async function requireSameScores({ pool }: ScratchDatabase, target: string): Promise<void> {
  await pool.query(SCORE_AND_UPSERT(target), [TENANT])
  const { rows } = await pool.query<{ both: number; same: number; ours: number }>(
    `select count(*)::int as both, count(*) filter (where abs(h.overall_score - o.overall_score) < 0.11)::int as same,
       (select count(*)::int from customers.health_scores) as ours
     from ${target} h join customers.health_scores o using (tenant_id, client_id, day)`,
  )
  const [found] = rows
  if (found === undefined || found.both === 0 || found.same !== found.both || found.ours !== found.both) {
    throw new Error(`the hand-written statement and ours do not agree: ${JSON.stringify(found)}`)
  }
}

function rowsOf(customers: number, found: ReadonlyMap<string, readonly Sample[]>, cold: Sample): Row[] {
  const size = `${customers.toLocaleString('en-US')} customers`
  const of = (name: string) => found.get(name) ?? []
  const against = (mine: string, other: string) => ({ to: other, value: ratio(of(mine), of(other), 'seconds') })
  const first = against('ours', 'by hand')
  const again = against('ours, again', 'by hand, again')
  const scoring = median(of('score only').map(({ seconds }) => seconds ?? Number.NaN))
  return [
    {
      ...rowOf(`${size}: scored by hand from rollups, not stored`, 's', of('score only'), 'seconds'),
      ...(customers === LARGEST.customers && { goal: atMost(1.5, scoring, 's') }),
    },
    rowOf(`${size}: by hand, first of the day`, 's', of('by hand'), 'seconds'),
    {
      ...rowOf(`${size}: ours, first of the day`, 's', of('ours'), 'seconds'),
      ratio: first,
      goal: atMost(1.2, first.value, 'of by hand'),
    },
    rowOf(`${size}: by hand, again`, 's', of('by hand, again'), 'seconds'),
    {
      ...rowOf(`${size}: ours, again`, 's', of('ours, again'), 'seconds'),
      ratio: again,
      goal: atMost(1.2, again.value, 'of by hand'),
    },
    rowOf(`${size}: ours, with the windows first summed from the daily rollups`, 's', [cold], 'seconds'),
    rowOf(`${size}: server memory by hand`, 'MiB', of('by hand'), 'serverMebibytes'),
    rowOf(`${size}: server memory, ours`, 'MiB', of('ours'), 'serverMebibytes'),
    rowOf(`${size}: client memory, ours`, 'MiB', of('ours'), 'clientMebibytes'),
  ]
}
