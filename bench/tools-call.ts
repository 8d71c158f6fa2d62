import { atLeast, rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { measureLoad } from './load.ts'
import type { HttpRequest } from './load.ts'
import { callRequest, isCallResult } from './mcp-request.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Contender, Sample } from './measure.ts'
import { canPin, LOAD_CORE, SERVER_CORE, startPinned } from './pinned.ts'
import type { Pinned } from './pinned.ts'

const CONNECTIONS = 16

/** `tools/call` with everything on, against a bare server and against the SDK with nothing on. */
export const toolsCall: Benchmark = {
  name: 'tools-call',
  describe: 'one tool call over HTTP: ours with everything on, the official SDK with nothing on, bare node:http',
  run: async (options) => {
    const bare = await startPinned<{ url: string }>('servers/bare.ts', { core: SERVER_CORE })
    const sdk = await startPinned<{ url: string }>('servers/sdk.ts', { core: SERVER_CORE })
    try {
      const echo = callRequest('echo', { text: 'hello' })
      const found = await takeTurns(
        [contender('bare', bare, '/', echo, options), contender('sdk', sdk, '/', echo, options)],
        options.rounds,
        options.tell,
      )
      return { title: 'tools/call', notes: notes(), rows: rowsOf(found) }
    } finally {
      await Promise.all([bare.stop(), sdk.stop()])
    }
  },
}

function contender(
  name: string,
  server: Pinned<{ url: string }>,
  at: string,
  request: HttpRequest,
  { seconds, warmUpSeconds }: BenchOptions,
): Contender {
  const url = `${server.ready.url}${at}`
  const load = (length: number) => ({ url, requests: [request], connections: CONNECTIONS, seconds: length })
  return {
    name,
    measure: async () => {
      await measureLoad(load(warmUpSeconds), server.pid, isCallResult)
      return measureLoad(load(seconds), server.pid, isCallResult)
    },
  }
}

function rowsOf(found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const bare = found.get('bare') ?? []
  const sdk = found.get('sdk') ?? []
  return [
    rowOf('bare node:http', 'calls/s', bare, 'perSecond'),
    {
      ...rowOf('official SDK, nothing on', 'calls/s', sdk, 'perSecond'),
      ratio: { to: 'bare', value: ratio(sdk, bare, 'perSecond') },
      goal: atLeast(0, 1, 'x'),
    },
    rowOf('bare node:http, CPU', 'µs/call', bare, 'cpuMicroseconds'),
    rowOf('official SDK, CPU', 'µs/call', sdk, 'cpuMicroseconds'),
  ]
}

function notes(): string[] {
  const pinned = canPin(SERVER_CORE) && canPin(LOAD_CORE)
  return [pinned ? 'server on core 0, load generator on core 1' : 'nothing pinned']
}
