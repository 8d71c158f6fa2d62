import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ToolServer } from '#kernel/calls/tool'
import { plainTool } from '../support/plain-tool.ts'
import { KEYS, demoServer, startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'
import { modern, send } from './post.ts'

const noted: string[] = []
const observed: string[] = []
const servers: ToolServer[] = [
  { ...demoServer, mostUsed: ['echo'] },
  {
    name: 'renewals',
    title: 'Renewals',
    instructions: 'Contracts that end.',
    toolsets: {
      forecast: [
        plainTool({
          name: 'forecast_renewals',
          title: 'Forecast renewals',
          describe: 'Which contracts end in a quarter, and what they are worth.',
          effect: 'read',
          scope: 'demo:read',
          input: z.object({ quarter: z.string().describe('Such as 2026-Q4') }),
          output: z.object({ quarter: z.string(), tenant: z.string() }),
          run: async (ctx, input) => ({ quarter: input.quarter, tenant: ctx.tenantId }),
        }),
      ],
    },
  },
]

let server: RunningServer
beforeAll(async () => {
  server = await startMcpServer({
    servers,
    noteAccess: (principal, _requestId, action, _args, status) =>
      void noted.push(`${principal.actor.id} ${action} ${status}`),
    observer: { started: () => undefined, finished: (name, status) => void observed.push(`${name} ${status}`) },
  })
})
afterAll(() => server[Symbol.asyncDispose]())
beforeEach(() => {
  noted.length = 0
  observed.length = 0
})

const SEARCH = '/mcp?tools=search'

async function call(
  name: string,
  args: unknown,
  { path = SEARCH, as = KEYS.ada }: { path?: string; as?: string } = {},
) {
  const question = modern('tools/call', { name, arguments: args })
  const { status, body } = await send(server, {
    ...question,
    path,
    headers: { ...question.headers, authorization: as },
  })
  const { result, error } = body
  return { status, error, result, failure: result?.['isError'] ? problemIn(result) : undefined }
}

function problemIn(result: Record<string, unknown>): { code: string; message: string; problems?: { path: string }[] } {
  // safe because: the text of a failed call is the JSON of its error.
  const [{ text }] = result['content'] as [{ text: string }]
  return (JSON.parse(text) as { error: { code: string; message: string; problems?: { path: string }[] } }).error
}

const SearchResult = z.object({ tools: z.array(z.object({ name: z.string() })) })
const found = ({ result }: Awaited<ReturnType<typeof call>>): string[] =>
  SearchResult.parse(result?.['structuredContent']).tools.map(({ name }) => name)

describe('an endpoint with ?tools=search', () => {
  it('lists the most used tools, search_tools and call_tool; the plain URL lists all tools', async () => {
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
    const requestInit = { headers: { Authorization: KEYS.ada } }
    await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}${SEARCH}`), { requestInit }))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'search_tools', 'call_tool'])
    expect(client.getInstructions()).toMatch(/^Only the most used tools are listed\. Find the others with search_tools/)
    const called = await client.callTool({
      name: 'call_tool',
      arguments: { name: 'forecast_renewals', arguments: { quarter: '2026-Q4' } },
    })
    expect(called.structuredContent).toEqual({ quarter: '2026-Q4', tenant: 'tenant-of-ada' })
    await client.close()
    const all = await send(server, { ...modern('tools/list'), path: '/mcp' })
    expect(all.body['result']?.['tools']).toHaveLength(6)
  })

  it.each([
    ['words of the description', 'which contracts end'],
    ['the name', 'forecast_renewals'],
    ['a typing error', 'forcast renewls'],
    ['the beginning of a word', 'renew'],
    ['an argument', 'quarter'],
  ])('finds a tool by %s', async (_what, query) => {
    expect(found(await call('search_tools', { query }))[0]).toBe('forecast_renewals')
  })

  it('returns the arguments of found tools, and an overview when nothing is found', async () => {
    const one = await call('search_tools', { query: 'forecast', limit: 1 })
    expect(one.result?.['structuredContent']).toMatchObject({
      tools: [
        {
          name: 'forecast_renewals',
          read_only: true,
          input_schema: { type: 'object', properties: { quarter: { type: 'string' } }, required: ['quarter'] },
        },
      ],
      total_found: 1,
    })
    const none = await call('search_tools', { query: 'zzzzzzzz' })
    expect(none.result?.['structuredContent']).toMatchObject({
      tools: [],
      hint: expect.stringContaining('Forecast renewals'),
    })
  })

  it('finds no tools that the key must not use', async () => {
    expect(found(await call('search_tools', { query: 'write down' }))).toContain('write_down')
    expect(found(await call('search_tools', { query: 'write down' }, { as: KEYS.bob }))).not.toContain('write_down')
    const readOnly = { path: '/mcp?tools=search&readonly' }
    expect(found(await call('search_tools', { query: 'write down' }, readOnly))).not.toContain('write_down')
  })
})

describe('a call through call_tool', () => {
  it('counts as a call of the named tool, in the audit trail, the metrics and the scope check', async () => {
    await call('call_tool', { name: 'write_down', arguments: { text: 'ahoy' } })
    expect(noted).toEqual(['key-ada tool.write_down ok'])
    expect(observed).toEqual(['write_down ok'])
    const refused = await call('call_tool', { name: 'write_down', arguments: { text: 'ahoy' } }, { as: KEYS.bob })
    expect(refused.status).toBe(403)
    expect(refused.error).toMatchObject({ data: { scopesNeeded: ['demo:write'] } })
    expect(noted).toEqual(['key-ada tool.write_down ok', 'key-bob tool.write_down forbidden'])
  })

  it('validates the arguments by the schema of that tool', async () => {
    const { failure } = await call('call_tool', { name: 'write_down', arguments: { text: 'ahoy', count: 10, size: 1 } })
    expect(failure?.message).toContain('The arguments of write_down are wrong')
    expect(failure?.problems?.map(({ path }) => path).toSorted()).toEqual(['count', 'size'])
    expect(observed).toEqual(['write_down invalid'])
  })

  it.each([
    ['no name', {}, 'name'],
    ['arguments outside their object', { name: 'echo', text: 'ahoy' }, 'text'],
    ['arguments as text', { name: 'echo', arguments: '{"text":"ahoy"}' }, 'arguments'],
    ['itself', { name: 'call_tool', arguments: { name: 'echo' } }, 'name'],
  ])('is refused with %s, naming the field', async (_what, args, field) => {
    const { failure } = await call('call_tool', args)
    expect(failure).toMatchObject({ code: 'INVALID_PARAMETERS' })
    expect(failure?.problems?.map(({ path }) => path)).toEqual([field])
  })

  it('fails for a tool that is not at this endpoint, and says where to look', async () => {
    const { failure } = await call('call_tool', { name: 'echo' }, { path: '/mcp/renewals?tools=search' })
    expect(failure).toMatchObject({ code: 'UNKNOWN_TOOL', message: expect.stringContaining('search_tools') })
    const readOnly = await call('call_tool', { name: 'write_down' }, { path: '/mcp?readonly&tools=search' })
    expect(readOnly.failure).toMatchObject({ code: 'UNKNOWN_TOOL' })
  })

  it('does not exist where the list is complete; another value of tools is an unknown endpoint', async () => {
    expect((await call('call_tool', { name: 'echo' }, { path: '/mcp' })).error).toMatchObject({ code: -32602 })
    expect((await call('search_tools', { query: 'echo' }, { path: '/mcp?tools=serch' })).status).toBe(404)
  })
})
