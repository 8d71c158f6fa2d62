import pg from 'pg'
import { pino } from 'pino'
import { systemClock } from '#kernel/clock'
import type { Ctx } from '#kernel/context'
import type { Tx } from '#kernel/database/db'
import { PooledHandle } from '#kernel/database/handle'
import type { Outcome, TransactionOptions } from '#kernel/database/handle'
import { sealingLoop } from '../src/modules/audit/background.ts'
import { sealer } from '../src/modules/audit/seal.ts'
import { updateClientInfo } from '../src/modules/customers/accounts/update-client-info.ts'
import { atLeast, rowOf } from './benchmark.ts'
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

/** The cost of scope check, audit row, outbox and cache invalidation on top of a transaction that does the same work. */
export const writePath: Benchmark = {
  name: 'write-path',
  describe:
    'update_client_info through change(), with its audit event sealed into the chain; against the same without the chain, and its three statements alone through pg',
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
  `${CONNECTIONS} connections, ${CONNECTIONS} callers in a loop over ${CUSTOMERS} customers; every commit is on disk before the answer`,
  'without the chain: the audit row is inserted without its entry in audit.unsealed, and no sealer runs',
  'through pg: begin, select for update, update, insert of the timeline event, commit; ours: the same, with the comparison of fields, the audit row, the outbox event and the cache invalidation',
]

function contenders(ours: PlatformUnderTest, pool: pg.Pool, { seconds, warmUpSeconds }: BenchOptions) {
  const repeat = (work: (clientId: string, n: number) => Promise<unknown>) => async () => {
    const call = (n: number) => work(generatedClientId(1 + (n % CUSTOMERS)), n)
    await callersInALoop(CONNECTIONS, warmUpSeconds, call)
    return callersInALoop(CONNECTIONS, seconds, call)
  }
  return [
    { name: 'pg', measure: repeat((clientId, n) => transaction(pool, clientId, `csm ${n}`)) },
    { name: 'unchained', measure: repeat((clientId, n) => update(withoutChain(ours.open()), clientId, n)) },
    {
      name: 'ours',
      measure: withSealer(
        ours,
        repeat((clientId, n) => update(ours.open(), clientId, n)),
      ),
    },
  ]
}

const update = (ctx: Ctx, client_id: string, n: number) =>
  updateClientInfo(ctx, { client_id, updates: { csm_assigned: `csm ${n}` } })

/** Runs a sealer every second during the measurement, like a server. */
function withSealer({ platform }: PlatformUnderTest, measure: () => Promise<Sample>): () => Promise<Sample> {
  const seals = sealer({ db: platform.database.system, keyring: platform.keyring, clock: systemClock })
  return async () => {
    const loop = sealingLoop(seals, { seconds: 1, clock: systemClock, log: silent }).start()
    try {
      return await measure()
    } finally {
      await loop.stop()
      await seals.sealAll()
    }
  }
}

const silent = pino({ level: 'silent' })

/** The context with a handle that omits the insert into `audit.unsealed`. */
function withoutChain(ctx: Ctx): Ctx {
  if (!(ctx.db instanceof PooledHandle)) throw new Error('expected a handle of the pool')
  return { ...ctx, db: new UnchainedHandle(ctx.db) }
}

class UnchainedHandle extends PooledHandle {
  readonly #handle: PooledHandle

  constructor(handle: PooledHandle) {
    super(() => Promise.reject(new Error('built statements are not supported')), false)
    this.#handle = handle
  }

  override run(text: string, values: readonly unknown[]): Promise<unknown[]> {
    return this.#handle.run(plain(text), values)
  }

  override transact<T>(work: (tx: Tx) => Promise<Outcome<T>>, options?: TransactionOptions): Promise<T> {
    // safe because: it wraps the handle of the transaction, and only changes the text of one statement.
    return this.#handle.transact(
      (tx) => work(new UnchainedHandle(tx as unknown as PooledHandle) as unknown as Tx),
      options,
    )
  }
}

const plainTexts = new Map<string, string>()

function plain(text: string): string {
  const known = plainTexts.get(text)
  if (known !== undefined) return known
  const stripped = text.replace(/with \w+ as \(insert into audit\.unsealed [^)]*\) values[^)]*\)\)/, '')
  if (stripped.includes('audit.unsealed')) throw new Error(`the audit chain is not removed from: ${text}`)
  plainTexts.set(text, stripped)
  return stripped
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
  const unchained = found.get('unchained') ?? []
  const kept = ratio(ours, unchained, 'perSecond')
  return [
    rowOf('the transaction alone through pg', 'writes/s', bare, 'perSecond'),
    {
      ...rowOf('without the audit chain', 'writes/s', unchained, 'perSecond'),
      ratio: { to: 'pg', value: ratio(unchained, bare, 'perSecond') },
    },
    { ...rowOf('ours', 'writes/s', ours, 'perSecond'), ratio: { to: 'pg', value: ratio(ours, bare, 'perSecond') } },
    {
      ...rowOf('the same', 'writes/s', ours, 'perSecond'),
      ratio: { to: 'without the chain', value: kept },
      goal: atLeast(0.85, kept, 'of the path without the chain'),
    },
    rowOf('through pg, CPU of this process', 'µs/write', bare, 'cpuMicroseconds'),
    rowOf('without the chain, CPU of this process', 'µs/write', unchained, 'cpuMicroseconds'),
    rowOf('ours, CPU of this process, sealing included', 'µs/write', ours, 'cpuMicroseconds'),
  ]
}
