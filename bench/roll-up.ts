import type pg from 'pg'
import { rollUp } from '../src/modules/customers/events/roll-up.ts'
import { atMost, rowOf } from './benchmark.ts'
import type { Benchmark, Row } from './benchmark.ts'
import { generateCustomers } from './generated-customers.ts'
import { median } from './measure.ts'
import type { Sample } from './measure.ts'
import { openPlatformUnderTest, TENANT } from './platform-under-test.ts'
import { openScratchDatabase } from './scratch-database.ts'

const EVENTS = 1_000_000
const CUSTOMERS = 5000
const DAYS = 90

/** The daily rollups of an import: every day of every customer from its events, into empty tables and again. */
export const rollUpOfImport: Benchmark = {
  name: 'roll-up',
  describe: `daily rollups of ${EVENTS.toLocaleString('en-US')} stored events`,
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    const ours = await openPlatformUnderTest(database, options.scratchDir)
    try {
      await generateCustomers(database.pool, { tenantId: TENANT, customers: CUSTOMERS, days: 1, activeShare: 0 })
      options.tell('storing the events')
      await storeEvents(database.pool)
      const first: Sample[] = []
      const again: Sample[] = []
      for (let round = 0; round < options.rounds; round++) {
        await database.pool.query(
          'truncate customers.usage_daily, customers.usage_daily_features, customers.usage_daily_users, customers.usage_dirty',
        )
        for (const samples of [first, again]) {
          await database.pool.query(MARK)
          const startedAt = performance.now()
          const { days } = await rollUp(ours.openJob())
          const seconds = (performance.now() - startedAt) / 1000
          options.tell(`${days.toLocaleString('en-US')} days in ${seconds.toFixed(1)} s`)
          samples.push({ seconds })
        }
        await requireSameEvents(database.pool)
      }
      return { title: 'Roll-up of an import', notes: NOTES, rows: rowsOf(first, again) }
    } finally {
      await ours.close()
      await database.close()
    }
  },
}

const NOTES = [
  `${CUSTOMERS.toLocaleString('en-US')} customers, ${DAYS} days, 40 features, about 4 people a customer; without ANALYZE after storing, as when a file has just been imported`,
  'into empty tables: nothing was rolled up before; again: every day is marked once more, and nothing has changed',
]

async function storeEvents(pool: pg.Pool): Promise<void> {
  await pool.query(
    `select customers.ensure_usage_partition((date_trunc('month', now()) - make_interval(months => m))::date) from generate_series(0, 4) m`,
  )
  await pool.query(
    `insert into customers.usage_events
       (tenant_id, client_id, occurred_at, message_id, event_name, user_id, feature, session_id, duration_seconds, properties)
     select $1, 'cus_' || lpad((1 + h % ${CUSTOMERS})::text, 8, '0'),
       date_trunc('day', now()) - make_interval(secs => (h / 7) % (86400 * ${DAYS})), 'm' || n,
       'Event ' || h % 5, 'user_' || h % ${4 * CUSTOMERS}, 'feature-' || (h / 11) % 40, 'session_' || h % 300007, h % 1800, '{"plan": "pro"}'
     from (select n, abs(hashint8extended(n, 42)) as h from generate_series(1, ${EVENTS}) n) e`,
    [TENANT],
  )
}

const MARK = `insert into customers.usage_dirty (tenant_id, client_id, day)
  select distinct tenant_id, client_id, (occurred_at at time zone 'UTC')::date from customers.usage_events`

/** Throws unless the rollups hold every event. */
async function requireSameEvents(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ daily: number; features: number }>(
    `select (select sum(events)::int from customers.usage_daily) as daily,
       (select sum(events)::int from customers.usage_daily_features) as features`,
  )
  if (rows[0]?.daily !== EVENTS || rows[0].features !== EVENTS)
    throw new Error(`the rollups hold ${JSON.stringify(rows[0])} of ${EVENTS} events`)
}

function rowsOf(first: readonly Sample[], again: readonly Sample[]): Row[] {
  const seconds = median(first.map((sample) => sample['seconds'] ?? Number.NaN))
  return [
    { ...rowOf('1 M events into empty tables', 's', first, 'seconds'), goal: atMost(60, seconds, 's') },
    rowOf('again, nothing changed', 's', again, 'seconds'),
  ]
}
