import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '#kernel/clock'
import { sealer } from '../src/modules/audit/seal.ts'
import { atMost } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import {
  databaseCpuSeconds,
  generateTenants,
  insertAuditEvents,
  markEveryTenant,
  tenantsMarked,
  tenantsQueued,
  transactionsCommitted,
} from './many-tenants.ts'
import { cpuSeconds } from './pinned.ts'
import { openPlatformUnderTest } from './platform-under-test.ts'
import { startPlimsoll } from './plimsoll-server.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { ScratchDatabase } from './scratch-database.ts'

const ROUNDS = 2
const LIMIT_SECONDS = 120
const SEALING_ROUNDS = 3
const EVENTS_OF_ONE_TENANT = 20_000
const MINUTE = 60_000

/** The delay of the roll-ups of many tenants that all have work each minute, and the cost of a minute without work. */
export const tenants: Benchmark = {
  name: 'tenants',
  describe: 'the minute roll-up of many tenants at once, a minute without work, and the audit sealer',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    try {
      await generateTenants(database.pool, options.tenants, ROUNDS)
      const sealing = await measureSealing(database, options)
      const rows = await measureServer(database, options)
      return { title: `${options.tenants} tenants`, notes: notesOf(options), rows: [...rows, ...sealing] }
    } finally {
      await database.close()
    }
  },
}

const notesOf = ({ tenants: count }: BenchOptions) => [
  `a server with production settings, with its schedules, worker and sealer running; each minute every one of ${count} tenants gets three events of one customer`,
  'a delay is the time from the minute at which the tenant was due to the commit of its roll-up, polled every half second, at most 120 s; it includes up to ten seconds until the schedule is checked',
  `sealing: a separate process seals one event of every tenant, then ${EVENTS_OF_ONE_TENANT} events of one tenant`,
]

async function measureServer(database: ScratchDatabase, options: BenchOptions): Promise<Row[]> {
  const server = await startPlimsoll(database, options, {}, undefined)
  try {
    const meter = meterOf(database, server.pid)
    await wait(5000)
    const idle = await meter(() => wait(MINUTE))
    options.tell(`an idle minute: ${JSON.stringify(idle)}`)
    const rounds: Delays[] = []
    const busy = await meter(async () => {
      rounds.push(...(await rollUps(database, options)))
    })
    options.tell(`busy: ${JSON.stringify(busy)}`)
    const all = rounds.flatMap(({ seconds }) => seconds).toSorted((a, b) => a - b)
    const late = rounds.reduce((sum, round) => sum + round.late, 0)
    const at = (share: number) => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? Number.NaN
    const one = (subject: string, unit: string, value: number): Row => ({ subject, unit, samples: [value] })
    return [
      one('from due to rolled up, median', 's', at(0.5)),
      one('from due to rolled up, p95', 's', at(0.95)),
      { subject: 'from due to rolled up, max', unit: 's', samples: rounds.map(({ seconds }) => Math.max(...seconds)) },
      {
        ...one(`not rolled up after ${LIMIT_SECONDS} s`, 'tenants', late),
        goal: atMost(0, late, `of ${rounds.length * options.tenants}`),
      },
      one('CPU of the server per minute with work', 's', busy.server / ROUNDS),
      one('CPU of PostgreSQL per minute with work', 's', busy.database / ROUNDS),
      one('an idle minute: CPU of the server', 's', idle.server),
      one('an idle minute: CPU of PostgreSQL', 's', idle.database),
      one('an idle minute: transactions', '', idle.transactions),
      {
        ...one('an idle minute: tenants queued', '', idle.queued),
        goal: atMost(0, idle.queued, 'of those without work'),
      },
    ]
  } finally {
    await server.stop()
  }
}

interface Cost {
  readonly server: number
  readonly database: number
  readonly transactions: number
  readonly queued: number
}

/** Measures the resources that the server and its database use during some work. */
function meterOf({ pool }: ScratchDatabase, pid: number) {
  const read = async () => ({
    server: cpuSeconds(pid),
    database: await databaseCpuSeconds(pool),
    transactions: await transactionsCommitted(pool),
  })
  return async (work: () => Promise<void>): Promise<Cost> => {
    const since = new Date()
    const before = await read()
    await work()
    const after = await read()
    return {
      server: after.server - before.server,
      database: after.database - before.database,
      transactions: after.transactions - before.transactions,
      queued: await tenantsQueued(pool, since),
    }
  }
}

/** The delays of all tenants due at one minute. `late` counts those not done at the limit, which have it as their delay. */
interface Delays {
  readonly seconds: readonly number[]
  readonly late: number
}

/** Marks every tenant before each of some minutes, and polls until all are rolled up. */
async function rollUps({ pool }: ScratchDatabase, { tell }: BenchOptions): Promise<Delays[]> {
  const watched: Promise<Delays>[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    await markEveryTenant(pool, round)
    const dueAt = Math.ceil(Date.now() / MINUTE) * MINUTE
    watched.push(watch(round, dueAt))
    if (round < ROUNDS) await wait(dueAt + 20_000 - Date.now())
  }
  return Promise.all(watched)

  async function watch(round: number, dueAt: number): Promise<Delays> {
    let left = await tenantsMarked(pool, round)
    const delays: number[] = []
    while (left.size > 0 && Date.now() < dueAt + LIMIT_SECONDS * 1000) {
      await wait(500)
      const now = await tenantsMarked(pool, round)
      const seconds = Math.max(0, (Date.now() - dueAt) / 1000)
      for (let done = left.size - now.size; done > 0; done--) delays.push(seconds)
      left = now
    }
    tell(`minute ${round}: ${delays.length} rolled up, ${left.size} not, the last after ${delays.at(-1)?.toFixed(1)} s`)
    return { seconds: [...delays, ...Array.from(left, () => LIMIT_SECONDS)], late: left.size }
  }
}

async function measureSealing(database: ScratchDatabase, options: BenchOptions): Promise<Row[]> {
  const ours = await openPlatformUnderTest(database, options.scratchDir)
  try {
    const seals = sealer({ db: ours.platform.database.system, keyring: ours.platform.keyring, clock: systemClock })
    const timed = async (count: number, eventsEach: number) => {
      await insertAuditEvents(database.pool, count, eventsEach)
      const startedAt = performance.now()
      const sealed = await seals.sealAll()
      return sealed / ((performance.now() - startedAt) / 1000)
    }
    const blocks: number[] = []
    const events: number[] = []
    for (let round = 0; round < SEALING_ROUNDS; round++) {
      blocks.push(await timed(options.tenants, 1))
      events.push(await timed(1, EVENTS_OF_ONE_TENANT))
      options.tell(`sealing: ${blocks.at(-1)?.toFixed(0)} blocks/s, ${events.at(-1)?.toFixed(0)} events/s`)
    }
    return [
      { subject: 'sealer, one event of every tenant', unit: 'blocks/s', samples: blocks },
      { subject: 'sealer, one tenant', unit: 'events/s', samples: events },
    ]
  } finally {
    await ours.close()
  }
}
