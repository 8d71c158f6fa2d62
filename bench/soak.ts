import { atMost } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { generateCustomers, generatedClientId } from './generated-customers.ts'
import type { HttpRequest } from './load.ts'
import { callRequest, isCallResult } from './mcp-request.ts'
import { median, slope } from './measure.ts'
import { residentMebibytes } from './pinned.ts'
import type { Pinned } from './pinned.ts'
import { TENANT } from './platform-under-test.ts'
import { startPlimsoll } from './plimsoll-server.ts'
import { openScratchDatabase } from './scratch-database.ts'
import type { PlimsollReady } from './servers/plimsoll-ready.ts'
import { callSteadily } from './steady-calls.ts'
import type { SteadyCalls } from './steady-calls.ts'

const CUSTOMERS = 500
const SAMPLE_SECONDS = 10
const REST_SECONDS = 60

/** Memory and failures under a steady load for a long time. */
export const soak: Benchmark = {
  name: 'soak',
  describe: 'a steady mix of reads and writes over MCP for a long time: memory and failures',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    await generateCustomers(database.pool, { tenantId: TENANT, customers: CUSTOMERS, days: 60, activeShare: 0.7 })
    const server = await startPlimsoll(database, options, {}, undefined)
    try {
      const before = residentMebibytes(server.pid).now
      const calls = callSteadily(`${server.ready.url}/mcp`, options.callsPerSecond, mix(server.ready.key), isCallResult)
      const samples = await watch(server, calls, options)
      await calls.stop()
      await new Promise((resolve) => setTimeout(resolve, REST_SECONDS * 1000))
      const rest = { before, after: residentMebibytes(server.pid).now }
      return { title: 'Soak', notes: notesOf(options, calls), rows: [...rowsOf(samples, calls), ...restRows(rest)] }
    } finally {
      await server.stop()
      await database.close()
    }
  },
}

/** A mix of calls: of twenty, sixteen read and four write. */
function mix(key: string): (n: number) => HttpRequest {
  return (n) => {
    const client_id = generatedClientId(1 + (n % CUSTOMERS))
    const call = (tool: string, args: object) => callRequest(tool, args, key)
    switch (n % 20) {
      case 0:
        return call('update_client_info', { client_id, updates: { csm_assigned: `csm ${n}` } })
      case 5:
        return call('track_usage_engagement', {
          client_id,
          event_name: 'Report Opened',
          properties: { feature: 'reports' },
        })
      case 10:
        return call('calculate_health_score', { client_id })
      case 15:
        return call('register_client', { client_name: `Soak ${n}`, company_name: `Soak ${n}` })
      case 1:
      case 6:
      case 11:
      case 16:
        return call('list_clients', { limit: 20 })
      case 2:
      case 7:
      case 12:
      case 17:
        return call('get_client_timeline', { client_id, limit: 20 })
      default:
        return call('get_client_overview', { client_id })
    }
  }
}

interface MemorySample {
  readonly minute: number
  readonly rssMebibytes: number
  readonly heapMebibytes: number
}

/** Samples the server's memory every ten seconds until the time is over, and prints progress once a minute. */
async function watch(
  server: Pinned<PlimsollReady>,
  calls: SteadyCalls,
  { minutes, tell }: BenchOptions,
): Promise<MemorySample[]> {
  const samples: MemorySample[] = []
  const startedAt = performance.now()
  const rounds = Math.round((minutes * 60) / SAMPLE_SECONDS)
  for (let round = 1; round <= rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, startedAt + round * SAMPLE_SECONDS * 1000 - performance.now()))
    // safe because: the server answers every message with its process.memoryUsage().
    const { heapUsed } = (await server.ask('memory')) as NodeJS.MemoryUsage
    const minute = (performance.now() - startedAt) / 60_000
    const sample = { minute, rssMebibytes: residentMebibytes(server.pid).now, heapMebibytes: heapUsed / 2 ** 20 }
    samples.push(sample)
    const failed = [...calls.failures.values()].reduce((sum, count) => sum + count, 0)
    if (round % 6 === 0) {
      const { rssMebibytes, heapMebibytes } = sample
      tell(
        `${minute.toFixed(0)} min: ${calls.calls} calls, ${failed} failed, RSS ${rssMebibytes.toFixed(0)}, heap ${heapMebibytes.toFixed(0)} MiB`,
      )
    }
  }
  return samples
}

function rowsOf(samples: readonly MemorySample[], calls: SteadyCalls): Row[] {
  const rss = samples.map((sample) => sample.rssMebibytes)
  const half = samples.slice(Math.floor(samples.length / 2))
  const growth = 60 * slope(half.map(({ minute, rssMebibytes }) => [minute, rssMebibytes]))
  const heapGrowth = 60 * slope(half.map(({ minute, heapMebibytes }) => [minute, heapMebibytes]))
  const failed = [...calls.failures.values()].reduce((sum, count) => sum + count, 0)
  const sorted = calls.milliseconds.toSorted((a, b) => a - b)
  const one = (subject: string, unit: string, value: number | undefined): Row => ({
    subject,
    unit,
    samples: [value ?? Number.NaN],
  })
  return [
    one('calls', '', calls.calls),
    { ...one('failures', '', failed), goal: atMost(0, failed, 'failures') },
    one('RSS after the first minute', 'MiB', samples[Math.min(5, samples.length - 1)]?.rssMebibytes),
    { subject: 'RSS, all samples', unit: 'MiB', samples: rss },
    one('RSS at the end', 'MiB', rss.at(-1)),
    one('RSS, slope of the second half', 'MiB/h', growth),
    { subject: 'heap used, all samples', unit: 'MiB', samples: samples.map((sample) => sample.heapMebibytes) },
    one('heap used, slope of the second half', 'MiB/h', heapGrowth),
    one(
      'RSS, median of the second half against the first',
      '×',
      median(half.map((s) => s.rssMebibytes)) / median(samples.slice(0, -half.length).map((s) => s.rssMebibytes)),
    ),
    one('p50 of a call', 'ms', sorted[Math.floor(sorted.length / 2)]),
    one('p99 of a call', 'ms', sorted[Math.floor(sorted.length * 0.99)]),
  ]
}

/** Memory that load has taken and a rest has not given back. */
function restRows({ before, after }: { readonly before: number; readonly after: number }): Row[] {
  return [
    { subject: 'RSS before the load', unit: 'MiB', samples: [before] },
    {
      subject: `RSS after ${REST_SECONDS} s of rest`,
      unit: 'MiB',
      samples: [after],
      ratio: { to: 'before', value: after / before },
    },
  ]
}

function notesOf({ minutes, callsPerSecond }: BenchOptions, calls: SteadyCalls): string[] {
  const failures = [...calls.failures].slice(0, 5).map(([what, count]) => `failed ${count} times: ${what}`)
  return [
    `${minutes} minutes at ${callsPerSecond} calls/s, started on schedule whether or not earlier ones were answered; 16 of 20 read (overview, list, timeline), 4 write (update, event, health score, registration)`,
    `memory of the server process, every ${SAMPLE_SECONDS} s`,
    ...failures,
  ]
}
