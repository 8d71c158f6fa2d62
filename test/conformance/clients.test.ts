import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { createMCPClient } from '@ai-sdk/mcp'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ClientOptions } from '@modelcontextprotocol/client'
import { Client as ClientOfSdk1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportOfSdk1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CustomerSettings } from '../../src/modules/customers/settings.ts'
import { customersModule } from '../../src/modules/customers/index.ts'
import { tasksModule } from '../../src/modules/tasks/index.ts'
import { TEST_CONFIRM_TOKENS } from '../support/tenant.ts'
import { KEYS, startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'

let server: RunningServer
beforeAll(async () => {
  server = await startMcpServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const requestInit = { headers: { Authorization: KEYS.ada } }
const clientInfo = { name: 'client-test', version: '1.0.0' }
const echoed = { text: 'ahoy', tenant: 'tenant-of-ada' }

type Mode = NonNullable<NonNullable<ClientOptions['versionNegotiation']>['mode']>
const modes: readonly (readonly [string, Mode])[] = [
  ['legacy', 'legacy'],
  ['auto', 'auto'],
  ['pinned to 2026-07-28', { pin: '2026-07-28' }],
]

describe('the official client, version 2', () => {
  it.each(modes)('lists and calls tools in mode %s', async (_name, mode) => {
    const client = new Client(clientInfo, { versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit }))
    const { tools } = await client.listTools()
    expect(tools.map((tool) => tool.name)).toContain('echo')
    const result = await client.callTool({ name: 'echo', arguments: { text: 'ahoy' } })
    expect(result.structuredContent).toEqual(echoed)
    await client.close()
  })
})

describe('the official client, version 1', () => {
  it('lists and calls tools', async () => {
    const client = new ClientOfSdk1(clientInfo)
    const transport = new TransportOfSdk1(new URL(`${server.url}/mcp/demo`), { requestInit })
    await client.connect(transport)
    expect((await client.listTools()).tools).toHaveLength(5)
    const result = await client.callTool({ name: 'echo', arguments: { text: 'ahoy' } })
    expect(result.structuredContent).toEqual(echoed)
    await client.close()
  })
})

describe('@ai-sdk/mcp', () => {
  it('converts our tools, and they run', async () => {
    const client = await createMCPClient({
      transport: { type: 'http', url: `${server.url}/mcp`, headers: requestInit.headers },
    })
    const tools = await client.tools()
    const result = await tools['echo']?.execute({ text: 'ahoy' }, { toolCallId: '1', messages: [], context: {} })
    expect(result).toMatchObject({ structuredContent: echoed })
    await client.close()
  })
})

describe('the Inspector', () => {
  const bin = join(import.meta.dirname, '../../node_modules/.bin/mcp-inspector')
  const inspect = (args: readonly string[], url = server.url): Promise<string> =>
    new Promise((resolve, reject) => {
      const all = ['--cli', `${url}/mcp`, '--transport', 'http', '--header', `Authorization: ${KEYS.ada}`, ...args]
      const path = `${join(import.meta.dirname, '../../node_modules/.bin')}:${process.env['PATH'] ?? ''}`
      execFile(bin, all, { timeout: 60_000, env: { ...process.env, PATH: path } }, (error, stdout, stderr) => {
        if (error === null) return resolve(`${stdout}${stderr}`)
        reject(new Error(`${error.message}\n${stdout}\n${stderr}`))
      })
    })

  it.each(['legacy', 'modern'])('finds every schema portable in the %s era', async (era) => {
    const output = await inspect(['--method', 'tools/list', '--strict', '--protocol-era', era])
    expect(output).toContain('"write_down"')
  })

  it('finds no portability error and no warning in the tools of the product', async () => {
    const settings = CustomerSettings.parse({})
    const modules = [customersModule({ settings }), tasksModule({ confirmTokens: TEST_CONFIRM_TOKENS })]
    const scopes = new Set(modules.flatMap(({ scopes: granted = [] }) => granted.map(({ scope }) => scope)))
    const person = { tenantId: 'tenant', userId: 'ada', actor: { kind: 'user', id: 'ada' }, scopes } as const
    await using product = await startMcpServer({
      servers: modules.flatMap((module) => module.server ?? []),
      authenticate: () => person,
    })
    const output = await inspect(['--method', 'tools/list', '--strict', '--protocol-era', 'modern'], product.url)
    expect(output).toContain('"calculate_health_score"')
    expect(output).toContain('"update_task"')
    expect(output).not.toMatch(/Warning: |Error: |portability/)
  })

  it.each(['legacy', 'modern'])('calls a tool in the %s era', async (era) => {
    const args = ['--method', 'tools/call', '--tool-name', 'echo', '--tool-arg', 'text=ahoy', '--protocol-era', era]
    expect(await inspect(args)).toContain('tenant-of-ada')
  })
})
