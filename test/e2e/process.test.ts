import { randomBytes } from 'node:crypto'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { joinEmbeddedPostgres } from '#kernel/database/embedded'
import { clusterFiles } from '#kernel/database/embedded/cluster'
import { findRunning } from '#kernel/database/embedded/postmaster'
import { quiet } from '../support/database.ts'
import { runCommand, startProduct } from '../support/product-process.ts'
import { startTraceCollector } from '../support/trace-collector.ts'

const TENANT = 'acme'

describe('the product as a process', async () => {
  const DATA_DIR = await realpath(await mkdtemp(path.join(tmpdir(), 'plimsoll-process-')))
  const collector = await startTraceCollector()
  const product = await startProduct({
    DATA_DIR,
    ENVIRONMENT: 'test',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  })
  afterAll(async () => {
    await product.kill()
    collector.close()
    await rm(DATA_DIR, { recursive: true, force: true })
  })
  const plimsoll = (...words: string[]) => runCommand(words, { DATA_DIR, LOG_LEVEL: 'ERROR' })
  const makeKey = async () => {
    const made = await plimsoll('keys', 'create', '--tenant', TENANT, '--name', 'agent', '--scopes', SCOPES)
    const [, key = '', id = ''] = /^(plim_\S{43})\n[^]*Id: (key_\w+),/.exec(made.out) ?? []
    expect(made).toMatchObject({ code: 0, err: '' })
    return { key, id }
  }
  await plimsoll('tenants', 'create', TENANT, '--name', 'Acme')
  const agent = await makeKey()

  it('accepts a key that the command line created, and refuses it once it is revoked', async () => {
    const { key, id } = await makeKey()
    expect((await call(product.url, key, 'list_clients', {})).status).toBe(200)
    const listed = await plimsoll('keys', 'list', '--tenant', TENANT)
    expect(listed.out).toContain(id)
    expect(listed.out).not.toContain(key)
    const revoked = await plimsoll('keys', 'revoke', id, '--tenant', TENANT)
    expect(revoked).toMatchObject({ code: 0, out: `Revoked ${id} (${key.slice(0, 12)}…).\n` })
    expect((await call(product.url, key, 'list_clients', {})).status).toBe(401)
  })

  it('does not revoke a key of another tenant', async () => {
    await plimsoll('tenants', 'create', 'other', '--name', 'Other')
    const refused = await plimsoll('keys', 'revoke', agent.id, '--tenant', 'other')
    expect(refused).toMatchObject({ code: 1, out: '', err: `There is no key ${agent.id}.\n` })
    expect((await call(product.url, agent.key, 'list_clients', {})).status).toBe(200)
  })

  it('sends the spans of a tool and its statements to the collector, within the trace of the caller', async () => {
    for (const carrier of ['headers', '_meta'] as const) {
      const [traceId, parent] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')]
      const traceparent = `00-${traceId}-${parent}-01`
      const answer = await call(product.url, agent.key, 'list_clients', {}, { [carrier]: { traceparent } })
      expect(answer.status).toBe(200)
      const spans = await collector.trace(traceId, 'tool list_clients')
      const tool = spans.find(({ name }) => name === 'tool list_clients')
      expect(tool?.parentSpanId).toBe(parent)
      const statements = spans.filter(({ name }) => name.startsWith('query customers.'))
      expect(statements.length).toBeGreaterThan(0)
      expect(new Set(statements.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([tool?.spanId]))
    }
  })

  it('over standard input, answers every request sent before its end, and exits with 0', async () => {
    const { code, out } = await runCommand(
      ['serve', '--stdio'],
      { DATA_DIR, PLIMSOLL_API_KEY: agent.key },
      ASKED_BY_PIPE,
    )
    const answers = out.trim().split('\n')
    expect(answers.map((line) => z.object({ id: z.number(), result: z.unknown() }).parse(JSON.parse(line)).id)).toEqual(
      [1, 2],
    )
    expect(answers[1]).toContain('total')
    expect(code).toBe(0)
  })

  it('on a stop finishes calls in flight, accepts no others, stops its database, and exits with 0', async () => {
    const [locking, watching] = [await connect(DATA_DIR), await connect(DATA_DIR)]
    await locking.query('begin; lock table customers.customers in access exclusive mode')
    const registering = call(product.url, agent.key, 'register_client', { client_id: 'late', client_name: 'Late' })
    const isWaiting = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%customers.%'"
    while ((await watching.query(isWaiting)).rowCount === 0) await setImmediate()
    // An open subscription must not delay the stop.
    const listening = await subscribe(product.url, agent.key)

    const stopped = product.stop()
    while (await accepts(product.url)) await setImmediate()
    await locking.query('rollback')
    const { status, body } = await registering
    expect(status).toBe(200)
    expect(body).toContain('"client_id":"late"')
    expect(await stopped).toBe(0)
    // The stream was ended, not cut off.
    await listening.text()
    expect(await findRunning(clusterFiles(DATA_DIR))).toBeUndefined()
  })
})

/** A session on the embedded database, which may end under it. */
async function connect(dataDir: string): Promise<pg.Client> {
  const { url } = await joinEmbeddedPostgres({ dataDir, log: quiet })
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const ASKED_BY_PIPE = [
  {
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'pipe', version: '1' } },
  },
  { id: 2, method: 'tools/call', params: { name: 'list_clients', arguments: {} } },
]
  .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  .join('')

const SCOPES = 'customers:read,customers:write'

interface Carriers {
  readonly headers?: Readonly<Record<string, string>>
  readonly _meta?: Readonly<Record<string, string>>
}

async function call(url: string, key: string, name: string, args: object, { headers, _meta }: Carriers = {}) {
  const params = { name, arguments: args, ...(_meta && { _meta }) }
  const response = await send(url, key, 'tools/call', params, headers)
  return { status: response.status, body: await response.text() }
}

/** Resolves with a stream that stays open. */
function subscribe(url: string, key: string): Promise<Response> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { _meta, notifications: { toolsListChanged: true } }
  return send(url, key, 'subscriptions/listen', params, {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'subscriptions/listen',
  })
}

function send(url: string, key: string, method: string, params: object, headers: Carriers['headers'] = {}) {
  return fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}

async function accepts(url: string): Promise<boolean> {
  return fetch(`${url}/version`).then(
    (response) => response.ok,
    () => false,
  )
}
