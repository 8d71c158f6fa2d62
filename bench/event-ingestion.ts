import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { atLeast, rowOf } from './benchmark.ts'
import type { Benchmark, Row } from './benchmark.ts'
import { copyRows, makeCopyTarget } from './copy-rows.ts'
import { generateCustomers } from './generated-customers.ts'
import { median, ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { startPinned } from './pinned.ts'
import type { Pinned } from './pinned.ts'
import { TENANT } from './platform-under-test.ts'
import { startPlimsoll } from './plimsoll-server.ts'
import type { BatchLoad, BatchResult } from './post-batches.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { ScratchDatabase } from './scratch-database.ts'
import type { PlimsollReady } from './servers/plimsoll-ready.ts'

const EVENTS = 300_000
const EVENTS_A_BATCH = 1000
const COPY_ROWS = [10_000, 1000] as const
const CONNECTIONS = 16

/** Events over HTTP, committed before the answer, against COPY of the same rows. */
export const eventIngestion: Benchmark = {
  name: 'event-ingestion',
  describe:
    'usage events through POST /v1/batch; against COPY of the same rows into a table with the same key and checks',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    const copier = new pg.Client({ connectionString: database.url })
    await copier.connect()
    await generateCustomers(database.pool, { tenantId: TENANT, customers: 2000, days: 1, activeShare: 1 })
    const ours = await startPlimsoll(database, options, { BODY_BYTES_MAX: '8388608' }, undefined)
    try {
      await makeCopyTarget(copier)
      const contenders = [
        ...COPY_ROWS.map((rows) => ({ name: `copy ${rows}`, measure: () => byCopy(copier, rows) })),
        { name: 'ours', measure: () => byHttp(database, ours) },
      ]
      const found = await takeTurns(contenders, options.rounds + 1, options.tell)
      return { title: 'Event ingestion', notes: NOTES, rows: rowsOf(found) }
    } finally {
      await ours.stop()
      await copier.end()
      await database.close()
    }
  },
}

const NOTES = [
  `${EVENTS.toLocaleString('en-US')} track calls of about 330 bytes per round, ${EVENTS_A_BATCH} per request, ${CONNECTIONS} connections; the first round is a warm-up and not counted`,
  'ours: key, rate limit, validation of each call, permanent deduplication by message id (a second table), attribution to a customer, marks for the rollups, audit row; answered after the commit',
  'COPY: text prepared in advance, one connection, one transaction per statement, into one table, no checks but the constraints of the table',
  'not pinned: server, PostgreSQL and load generator share the cores',
]

async function byCopy(copier: pg.Client, eventsEach: number): Promise<Sample> {
  const run = randomBytes(4).toString('hex')
  const batches = EVENTS / eventsEach
  const seconds = await copyRows(copier, { tenantId: TENANT, run, batches, eventsEach, now: Date.now() })
  await copier.query('truncate bench.usage_events')
  return { perSecond: EVENTS / seconds }
}

async function byHttp({ pool }: ScratchDatabase, { ready, pid }: Pinned<PlimsollReady>): Promise<Sample> {
  const load: BatchLoad = {
    url: ready.url,
    key: ready.key,
    run: randomBytes(4).toString('hex'),
    batches: EVENTS / EVENTS_A_BATCH,
    eventsEach: EVENTS_A_BATCH,
    connections: CONNECTIONS,
    now: Date.now(),
  }
  const sender = await startPinned<string>('post-batches.ts', { args: [JSON.stringify(load)] })
  // safe because: post-batches.ts answers its only message with a BatchResult.
  const { seconds, failures } = (await sender.ask('go')) as BatchResult
  await sender.stop()
  if (failures.length > 0) throw new Error(`${failures.length} batches were refused, the first: ${failures[0]}`)
  await requireStored(pool, load.run)
  await pool.query('truncate customers.usage_events, customers.event_receipts, customers.usage_dirty')
  return { perSecond: EVENTS / seconds, serverPid: pid }
}

/** Throws unless every event is stored: a server that answers before it commits must not be measured. */
async function requireStored(pool: pg.Pool, run: string): Promise<void> {
  const { rows } = await pool.query<{ stored: number }>(
    `select count(*)::int as stored from customers.usage_events where tenant_id = $1 and message_id like $2`,
    [TENANT, `${run}-%`],
  )
  if (rows[0]?.stored !== EVENTS) throw new Error(`${rows[0]?.stored} of ${EVENTS} events were stored`)
}

function rowsOf(all: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const counted = (name: string) => (all.get(name) ?? []).slice(1)
  const ours = counted('ours')
  const copy = counted(`copy ${COPY_ROWS[0]}`)
  const share = ratio(ours, copy, 'perSecond')
  const perMinute = ours.map((sample) => ({ perMinute: (60 * (sample['perSecond'] ?? Number.NaN)) / 1e6 }))
  const minute = median(perMinute.map((sample) => sample.perMinute))
  return [
    ...COPY_ROWS.map((rows) =>
      rowOf(`COPY, ${rows.toLocaleString('en-US')} rows per statement`, 'rows/s', counted(`copy ${rows}`), 'perSecond'),
    ),
    {
      ...rowOf('ours, POST /v1/batch', 'events/s', ours, 'perSecond'),
      ratio: { to: 'COPY', value: share },
      goal: atLeast(0.5, share, 'of COPY'),
    },
    { ...rowOf('the same', 'M events/min', perMinute, 'perMinute'), goal: atLeast(5, minute, 'M per minute') },
  ]
}
