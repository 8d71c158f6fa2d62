import pg from 'pg'
import { updateClientInfo } from '../src/modules/customers/accounts/update-client-info.ts'
import { rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { callersInALoop } from './callers.ts'
import { generateCustomers, generatedClientId } from './generated-customers.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { openPlatformUnderTest, TENANT } from './platform-under-test.ts'
import type { PlatformUnderTest } from './platform-under-test.ts'
import { openScratchDatabase } from './scratch-database.ts'

const CONNECTIONS = 10
const CUSTOMERS = 2000

/** What scope, audit row, outbox and cache invalidation cost on top of a transaction that does the same work. */
export const writePath: Benchmark = {
  name: 'write-path',
  describe: 'update_client_info through change(); against its own three statements in a transaction by pg',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    const ours = await openPlatformUnderTest(database, options.scratchDir, {
      DB_POOL_SIZE: String(CONNECTIONS),
      DB_MAX_OVERFLOW: '0',
    })
    const connection = `-c role=plimsoll_app -c app.tenant_id=${TENANT} -c timezone=UTC`
    const pool = new pg.Pool({ connectionString: database.url, max: CONNECTIONS, options: connection })
    try {
      await generateCustomers(database.pool, { tenantId: TENANT, customers: CUSTOMERS, days: 1, activeShare: 1 })
      const found = await takeTurns(contenders(ours, pool, options), options.rounds, options.tell)
      return { title: 'A write: update_client_info', notes: NOTES, rows: rowsOf(found) }
    } finally {
      await pool.end()
      await ours.close()
      await database.close()
    }
  },
}

const NOTES = [
  `${CONNECTIONS} connections, ${CONNECTIONS} callers in a loop over ${CUSTOMERS} customers; every commit is on disk before it is answered`,
  'by pg: begin, select for update, update, insert of the timeline event, commit; ours: that, and the comparison of fields, the audit row, the event for subscribers and the cache told',
]

function contenders(ours: PlatformUnderTest, pool: pg.Pool, { seconds, warmUpSeconds }: BenchOptions) {
  const repeat = (work: (clientId: string, n: number) => Promise<unknown>) => async () => {
    const call = (n: number) => work(generatedClientId(1 + (n % CUSTOMERS)), n)
    await callersInALoop(CONNECTIONS, warmUpSeconds, call)
    return callersInALoop(CONNECTIONS, seconds, call)
  }
  return [
    { name: 'pg', measure: repeat((clientId, n) => transaction(pool, clientId, `csm ${n}`)) },
    {
      name: 'ours',
      measure: repeat((client_id, n) =>
        updateClientInfo(ours.open(), { client_id, updates: { csm_assigned: `csm ${n}` } }),
      ),
    },
  ]
}

async function transaction(pool: pg.Pool, clientId: string, csm: string): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await client.query({ name: 'lock', text: LOCK, values: [TENANT, clientId] })
    await client.query({ name: 'update', text: UPDATE, values: [TENANT, clientId, csm] })
    await client.query({ name: 'note', text: NOTE, values: [TENANT, clientId, new Date(), `evt_${clientId}_${csm}`] })
    await client.query('commit')
  } finally {
    client.release()
  }
}

const LOCK = 'select * from customers.customers where tenant_id = $1 and client_id = $2 for update'
const UPDATE = `update customers.customers set csm_assigned = $3, version = version + 1, updated_at = now()
  where tenant_id = $1 and client_id = $2 returning *`
const NOTE = `insert into customers.timeline_events (tenant_id, client_id, occurred_at, event_id, event_type, category, title, metadata)
  values ($1, $2, $3, $4, 'contract', 'updated', 'Changed: csm_assigned', '{"fields": ["csm_assigned"]}')`

function rowsOf(found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const bare = found.get('pg') ?? []
  const ours = found.get('ours') ?? []
  return [
    rowOf('a transaction by pg', 'writes/s', bare, 'perSecond'),
    { ...rowOf('ours', 'writes/s', ours, 'perSecond'), ratio: { to: 'pg', value: ratio(ours, bare, 'perSecond') } },
    rowOf('by pg, CPU of this process', 'µs/write', bare, 'cpuMicroseconds'),
    rowOf('ours, CPU of this process', 'µs/write', ours, 'cpuMicroseconds'),
  ]
}
