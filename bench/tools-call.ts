import { generateCustomers, generatedClientId } from './generated-customers.ts'
import { atLeast, rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { measureLoad } from './load.ts'
import type { HttpRequest } from './load.ts'
import { callRequest, isCallResult } from './mcp-request.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Contender, Sample } from './measure.ts'
import { canPin, LOAD_CORE, SERVER_CORE, startPinned } from './pinned.ts'
import type { Pinned } from './pinned.ts'
import { TENANT } from './platform-under-test.ts'
import { startPlimsoll } from './plimsoll-server.ts'
import { openScratchDatabase } from './scratch-database.ts'

export const CONNECTIONS = 16
const CUSTOMERS = 200

/** `tools/call` with all features on, against a bare server and against the SDK alone. */
export const toolsCall: Benchmark = {
  name: 'tools-call',
  describe: 'one tool call over HTTP: ours with all features on; against the official SDK alone, and bare node:http',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    await generateCustomers(database.pool, { tenantId: TENANT, customers: CUSTOMERS, days: 60, activeShare: 0.7 })
    const bare = await startPinned<{ url: string }>('servers/bare.ts', { core: SERVER_CORE })
    const sdk = await startPinned<{ url: string }>('servers/sdk.ts', { core: SERVER_CORE })
    const ours = await startPlimsoll(database, options)
    try {
      const { key } = ours.ready
      const echo = callRequest('echo', { text: 'hello' })
      const overviews = Array.from({ length: 20 }, (_, n) =>
        callRequest('get_client_overview', { client_id: generatedClientId(n + 1) }, key),
      )
      const contenders = [
        contender('bare', bare, '/', [echo], options),
        contender('sdk', sdk, '/', [echo], options),
        contender('ours', ours, '/mcp/bench', [callRequest('echo', { text: 'hello' }, key)], options),
        contender('overview', ours, '/mcp', overviews, options),
      ]
      return {
        title: 'tools/call',
        notes: notes(),
        rows: rowsOf(await takeTurns(contenders, options.rounds, options.tell)),
      }
    } finally {
      await Promise.all([bare.stop(), sdk.stop(), ours.stop()])
      await database.close()
    }
  },
}

/** A contender: a server under the load of 16 connections, after a warm-up. */
export function contender(
  name: string,
  server: Pinned<{ url: string }>,
  at: string,
  requests: readonly HttpRequest[],
  { seconds, warmUpSeconds }: BenchOptions,
  isRight: (body: string) => boolean = isCallResult,
): Contender {
  const url = `${server.ready.url}${at}`
  const load = (length: number) => ({ url, requests, connections: CONNECTIONS, seconds: length })
  return {
    name,
    measure: async () => {
      await measureLoad(load(warmUpSeconds), server.pid, isRight)
      return measureLoad(load(seconds), server.pid, isRight)
    },
  }
}

function rowsOf(found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const [bare, sdk, ours, overview] = ['bare', 'sdk', 'ours', 'overview'].map((name) => found.get(name) ?? [])
  if (bare === undefined || sdk === undefined || ours === undefined || overview === undefined) return []
  const ofBare = ratio(ours, bare, 'perSecond')
  const ofSdk = ratio(ours, sdk, 'perSecond')
  const rate = (subject: string, samples: readonly Sample[]) => rowOf(subject, 'calls/s', samples, 'perSecond')
  const cpu = (subject: string, samples: readonly Sample[]) => ({
    ...rowOf(subject, 'µs/call', samples, 'cpuMicroseconds'),
    ratio: { to: 'bare', value: ratio(samples, bare, 'cpuMicroseconds') },
  })
  return [
    rate('bare node:http, JSON echo', bare),
    { ...rate('official SDK alone', sdk), ratio: { to: 'bare', value: ratio(sdk, bare, 'perSecond') } },
    {
      ...rate('ours, all features on, trivial tool', ours),
      ratio: { to: 'bare', value: ofBare },
      goal: atLeast(0.5, ofBare, 'of bare'),
    },
    { ...rate('the same', ours), ratio: { to: 'the SDK', value: ofSdk }, goal: atLeast(5, ofSdk, '× the SDK') },
    {
      ...rate('ours, get_client_overview, cached', overview),
      ratio: { to: 'bare', value: ratio(overview, bare, 'perSecond') },
    },
    cpu('server CPU: bare', bare),
    cpu('server CPU: SDK', sdk),
    cpu('server CPU: ours, trivial tool', ours),
    cpu('server CPU: ours, get_client_overview, cached', overview),
    rowOf('p99: bare', 'ms', bare, 'p99Milliseconds'),
    rowOf('p99: SDK', 'ms', sdk, 'p99Milliseconds'),
    rowOf('p99: ours, trivial tool', 'ms', ours, 'p99Milliseconds'),
  ]
}

function notes(): string[] {
  const isPinned = canPin(SERVER_CORE) && canPin(LOAD_CORE)
  return [
    isPinned
      ? `each server on core ${SERVER_CORE}, autocannon with ${CONNECTIONS} connections on core ${LOAD_CORE}`
      : `autocannon with ${CONNECTIONS} connections; no process is pinned on this machine`,
    'ours: production settings; authentication, rate limit (raised), scope, validation, deadline, metrics, security headers, request id; JSON log to a file',
    'autocannon itself is near its limit against the bare server, so CPU of the server per call is the fairer ratio',
  ]
}
