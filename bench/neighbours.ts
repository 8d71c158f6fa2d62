import { setTimeout as wait } from 'node:timers/promises'
import { rowOf } from './benchmark.ts'
import type { Benchmark, Row } from './benchmark.ts'
import { callersInALoop } from './callers.ts'
import { generateCustomers } from './generated-customers.ts'
import type { Load } from './load.ts'
import { callRequest, isCallResult } from './mcp-request.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { LOAD_CORE, startPinned } from './pinned.ts'
import { TENANT } from './platform-under-test.ts'
import { startPlimsoll } from './plimsoll-server.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { ScratchDatabase } from './scratch-database.ts'
import type { PlimsollReady } from './servers/plimsoll-ready.ts'

const WRITERS = 100
const READERS = 16
const CUSTOMERS = 200
const SECONDS_MAX = 4
const WRITING_SECONDS_MAX = 60
const POLL_MILLISECONDS = 20

/** The throughput of one tenant while a key of another tenant writes as fast as it can. */
export const neighbours: Benchmark = {
  name: 'neighbours',
  describe: `list_clients of one tenant, alone and while one key of another tenant creates tasks on ${WRITERS} connections`,
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    await generateCustomers(database.pool, { tenantId: TENANT, customers: CUSTOMERS, days: 60, activeShare: 0.7 })
    const server = await startPlimsoll(database, options)
    try {
      const seconds = Math.min(options.seconds, SECONDS_MAX)
      await read(server.ready, Math.min(options.warmUpSeconds, SECONDS_MAX))
      const contenders = [
        { name: 'alone', measure: () => read(server.ready, seconds) },
        { name: 'beside', measure: () => readBesideWriters(server.ready, database, seconds) },
      ]
      const found = await takeTurns(contenders, options.rounds, options.tell)
      return { title: 'Neighbours', notes: NOTES, rows: rowsOf(found) }
    } finally {
      await server.stop()
      await database.close()
    }
  },
}

const NOTES = [
  `${READERS} callers of list_clients over ${CUSTOMERS} customers, each in a loop; meanwhile a person's key in another tenant calls create_task on ${WRITERS} connections`,
  'production settings with default pools and raised rate limits; writers and readers share the core that the server does not use',
]

/** Measures the calls per second of the reading tenant, and their 95th percentile. */
async function read({ url, key }: PlimsollReady, seconds: number): Promise<Sample> {
  const { headers, body = '' } = callRequest('list_clients', { limit: 20 }, key)
  const milliseconds: number[] = []
  const { perSecond = Number.NaN } = await callersInALoop(READERS, seconds, async () => {
    const startedAt = performance.now()
    const response = await fetch(`${url}/mcp`, { method: 'POST', headers, body })
    const text = await response.text()
    milliseconds.push(performance.now() - startedAt)
    if (!isCallResult(text)) throw new Error(`list_clients answered ${response.status}: ${text.slice(0, 500)}`)
  })
  const sorted = milliseconds.toSorted((a, b) => a - b)
  return { perSecond, p95Milliseconds: sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN }
}

async function readBesideWriters(ready: PlimsollReady, { pool }: ScratchDatabase, seconds: number): Promise<Sample> {
  const load: Load = {
    url: `${ready.url}/mcp`,
    requests: [callRequest('create_task', { title: 'Write the report' }, ready.personalKey)],
    connections: WRITERS,
    // An upper bound: the generator is stopped when the readers are done.
    seconds: WRITING_SECONDS_MAX,
  }
  const tasks = async () =>
    (await pool.query<{ n: number }>('select count(*)::int as n from tasks.tasks')).rows[0]?.n ?? 0
  const before = await tasks()
  const writers = await startPinned<string>('load-generator.ts', { core: LOAD_CORE, args: [JSON.stringify(load)] })
  try {
    writers.ask('go').catch(() => undefined)
    // After the first hundred tasks every connection is in use.
    while ((await tasks()) < before + WRITERS) await wait(POLL_MILLISECONDS)
    const [startedAt, first] = [performance.now(), await tasks()]
    const reading = await read(ready, seconds)
    const writesPerSecond = (((await tasks()) - first) * 1000) / (performance.now() - startedAt)
    return { ...reading, writesPerSecond }
  } finally {
    await writers.stop()
  }
}

function rowsOf(found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const alone = found.get('alone') ?? []
  const beside = found.get('beside') ?? []
  return [
    rowOf('the reading tenant, alone', 'calls/s', alone, 'perSecond'),
    {
      ...rowOf('the same, with the writers', 'calls/s', beside, 'perSecond'),
      ratio: { to: 'alone', value: ratio(beside, alone, 'perSecond') },
    },
    rowOf('p95, alone', 'ms', alone, 'p95Milliseconds'),
    {
      ...rowOf('p95, with the writers', 'ms', beside, 'p95Milliseconds'),
      ratio: { to: 'alone', value: ratio(beside, alone, 'p95Milliseconds') },
    },
    rowOf('tasks created meanwhile', 'calls/s', beside, 'writesPerSecond'),
  ]
}
