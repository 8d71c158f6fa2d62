import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { atLeast, rowOf } from './benchmark.ts'
import type { Benchmark, BenchOptions, Row } from './benchmark.ts'
import { listRequest } from './mcp-request.ts'
import { ratio, takeTurns } from './measure.ts'
import type { Sample } from './measure.ts'
import { SERVER_CORE, startPinned } from './pinned.ts'
import type { Pinned } from './pinned.ts'
import { TENANT } from './platform-under-test.ts'
import { startPlimsoll } from './plimsoll-server.ts'
import { openScratchDatabase } from './scratch-database.ts'
import { MANY } from './servers/many-tools.ts'
import type { PlimsollReady } from './servers/plimsoll-ready.ts'
import { contender } from './tools-call.ts'

const isList = (body: string) => body.includes('"tools":[')

interface List {
  readonly tools: readonly object[]
}

/** `tools/list` with a key, limits and metrics, against the SDK with the same tools and a serialized list in memory. */
export const toolsList: Benchmark = {
  name: 'tools-list',
  describe:
    'tools/list: ours with all features on; against the official SDK with the same tools, and a serialized list in memory',
  run: async (options) => {
    const database = await openScratchDatabase(options.scratchDir)
    await database.pool.query('insert into access.tenants (tenant_id, name, created_at) values ($1, $1, now())', [
      TENANT,
    ])
    const ours = await startPlimsoll(database, options)
    try {
      const product = await measureList(options, ours, '/mcp/customers', 'product')
      const many = await measureList(options, ours, '/mcp/bench/many', 'many')
      return { title: 'tools/list', notes: NOTES, rows: [...product, ...many] }
    } finally {
      await ours.stop()
      await database.close()
    }
  },
}

const NOTES = [
  `the ${MANY} tools are ours, repeated under other names up to the number of a full customer-success server`,
  'ours checks key, rate limit and scopes on each call; the serialized list and the SDK check nothing',
]

async function measureList(
  options: BenchOptions,
  ours: Pinned<PlimsollReady>,
  at: string,
  which: 'product' | 'many',
): Promise<Row[]> {
  const list = await fetchList(`${ours.ready.url}${at}`, ours.ready.key)
  const file = path.join(options.scratchDir, `${which}.json`)
  await writeFile(file, JSON.stringify(list))
  const bare = await startPinned<{ url: string }>('servers/bare.ts', { core: SERVER_CORE, args: [file] })
  const sdk = await startPinned<{ url: string }>('servers/sdk.ts', { core: SERVER_CORE, args: [which] })
  try {
    const contenders = [
      contender('serialized', bare, '/', [listRequest()], options, isList),
      contender('sdk', sdk, '/', [listRequest()], options, isList),
      contender('ours', ours, at, [listRequest(ours.ready.key)], options, isList),
    ]
    const found = await takeTurns(contenders, options.rounds, options.tell)
    return rowsOf(`${list.tools.length} tools`, found)
  } finally {
    await Promise.all([bare.stop(), sdk.stop()])
  }
}

async function fetchList(url: string, key: string): Promise<List> {
  const { method, headers, body } = listRequest(key)
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) })
  // safe because: the benchmark calls its own server, and another answer stops it on the next line.
  const { result } = (await response.json()) as { result?: List }
  if (result === undefined || result.tools.length === 0) throw new Error(`${url} lists no tools`)
  return result
}

function rowsOf(size: string, found: ReadonlyMap<string, readonly Sample[]>): Row[] {
  const [serialized = [], sdk = [], ours = []] = ['serialized', 'sdk', 'ours'].map((name) => found.get(name))
  const ofSdk = ratio(ours, sdk, 'perSecond')
  const rate = (subject: string, samples: readonly Sample[]) =>
    rowOf(`${size}: ${subject}`, 'lists/s', samples, 'perSecond')
  return [
    rate('serialized list in memory', serialized),
    rate('official SDK alone', sdk),
    {
      ...rate('ours, all features on', ours),
      ratio: { to: 'the SDK', value: ofSdk },
      goal: atLeast(50, ofSdk, '× the SDK'),
    },
    { ...rate('the same', ours), ratio: { to: 'the serialized list', value: ratio(ours, serialized, 'perSecond') } },
    { ...rowOf(`${size}: server CPU, serialized list`, 'µs/list', serialized, 'cpuMicroseconds') },
    { ...rowOf(`${size}: server CPU, SDK`, 'µs/list', sdk, 'cpuMicroseconds') },
    { ...rowOf(`${size}: server CPU, ours`, 'µs/list', ours, 'cpuMicroseconds') },
  ]
}
