import pg from 'pg'
import type { CompiledQuery } from 'kysely'
import type { Cache } from '#kernel/cache'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { getClientOverview } from '../src/modules/customers/accounts/get-client-overview.ts'
import { findOverview } from '../src/modules/customers/accounts/store/overview.ts'
import { atLeast, rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { callersInALoop } from './callers.ts'
import { generateCustomers, generatedClientId } from './generated-customers.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { openPlatformUnderTest, TENANT } from './platform-under-test.ts'
import type { PlatformUnderTest } from './platform-under-test.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { ScratchDatabase } from './scratch-database.ts'

const CONNECTIONS = 10
const CUSTOMERS = 2000

/** `get_client_overview` from PostgreSQL, without the cache, against its statement alone through `pg`. */
export const clientOverview: Benchmark = {
  name: 'client-overview',
  describe: 'get_client_overview from PostgreSQL, cache bypassed; against its statement alone, prepared, through pg',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    const ours = await openPlatformUnderTest(database, options.scratchDir, {
      DB_POOL_SIZE: String(CONNECTIONS),
      DB_MAX_OVERFLOW: '0',
    })
    const pool = barePool(database)
    try {
      await generateCustomers(database.pool, { tenantId: TENANT, customers: CUSTOMERS, days: 90, activeShare: 0.7 })
      const found = await takeTurns(
        contenders(ours, pool, await overviewQuery(ours), options),
        options.rounds,
        options.tell,
      )
      return { title: 'get_client_overview from PostgreSQL', notes: NOTES, rows: rowsOf(found) }
    } finally {
      await pool.end()
      await ours.close()
      await database.close()
    }
  },
}

const NOTES = [
  `${CUSTOMERS} customers, 90 days of rollups; ${CONNECTIONS} connections, ${CONNECTIONS} callers in a loop; both sides in this process, each under row-level security`,
  'ours: context, pooled tenant session, statement, metrics, and the overview and its insights computed from the row',
]

function barePool({ url }: ScratchDatabase): pg.Pool {
  const options = `-c role=plimsoll_app -c app.tenant_id=${TENANT} -c timezone=UTC`
  return new pg.Pool({ connectionString: url, max: CONNECTIONS, options })
}

/** The statement exactly as our store sends it, for the customer `ANY_CLIENT`. */
async function overviewQuery(ours: PlatformUnderTest): Promise<CompiledQuery> {
  const sent: CompiledQuery[] = []
  const listening = {
    executeQuery: (query: CompiledQuery) => {
      sent.push(query)
      return Promise.resolve({ rows: [] })
    },
  }
  // No row is returned, so the store fails with not_found.
  // safe because: the store's statement uses no other member of its handle.
  await findOverview({ ...ours.open(), db: listening as unknown as Db }, ANY_CLIENT).catch(() => undefined)
  const [query] = sent
  if (query === undefined) throw new Error('the store sent no statement')
  return query
}

const ANY_CLIENT = 'any'

const uncached: Cache = {
  getOrLoad: (_tenant, _key, _options, load) => load(),
  invalidate: () => Promise.resolve(),
}

function contenders(
  ours: PlatformUnderTest,
  pool: pg.Pool,
  { sql: text, parameters }: CompiledQuery,
  { seconds, warmUpSeconds }: BenchOptions,
) {
  const overview = getClientOverview(ours.config.customers)
  const byPg = (clientId: string) => {
    const values = parameters.map((value) => (value === ANY_CLIENT ? clientId : value))
    return pool.query({ name: 'overview', text, values })
  }
  const byUs = (clientId: string) => {
    const ctx = ours.open()
    // safe because: a context with one member replaced is a context; its handle must stay the lazy one.
    const request = Object.create(ctx, { cache: { value: uncached } }) as Ctx
    return overview(request, { client_id: clientId })
  }
  const repeat = (work: (clientId: string) => Promise<unknown>) => async () => {
    const call = (n: number) => work(generatedClientId(1 + (n % CUSTOMERS)))
    await callersInALoop(CONNECTIONS, warmUpSeconds, call)
    return callersInALoop(CONNECTIONS, seconds, call)
  }
  return [
    { name: 'pg', measure: repeat(byPg) },
    { name: 'ours', measure: repeat(byUs) },
  ]
}

function rowsOf(found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const bare = found.get('pg') ?? []
  const ours = found.get('ours') ?? []
  const share = ratio(ours, bare, 'perSecond')
  return [
    rowOf('the statement alone through pg, prepared', 'calls/s', bare, 'perSecond'),
    {
      ...rowOf('ours, the operation', 'calls/s', ours, 'perSecond'),
      ratio: { to: 'pg', value: share },
      goal: atLeast(0.7, share, 'of pg'),
    },
    rowOf('through pg, CPU of this process', 'µs/call', bare, 'cpuMicroseconds'),
    rowOf('ours, CPU of this process', 'µs/call', ours, 'cpuMicroseconds'),
  ]
}
