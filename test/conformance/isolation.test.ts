import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { LimitSettings } from '#kernel/config/runtime'
import { createLimiter } from '#kernel/calls/limits'
import { plainTool } from '../support/plain-tool.ts'
import type { ToolServer } from '#kernel/calls/tool'
import { describe, expect, it } from 'vitest'
import { KEYS, demoServer, log, startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'
import { legacy, modern, send, withHeaders } from './post.ts'

/** A server whose tool asks its caller for a word and returns it with the caller's tenant. */
const askingServer: ToolServer = {
  name: 'asking',
  title: 'Asking',
  instructions: 'Asks.',
  toolsets: {
    all: [
      plainTool({
        name: 'ask_for_word',
        title: 'Ask for a word',
        describe: 'Asks the caller for a word.',
        effect: 'read',
        scope: 'demo:read',
        asks: true,
        input: z.object({}),
        output: z.object({ word: z.string(), tenant: z.string() }),
        run: async (ctx, _input, interaction) => {
          const schema = { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] }
          const { word } = await interaction.ask({ word: { kind: 'form', message: 'Which word?', schema } })
          return { word: word?.kind === 'form' ? String(word.content['word']) : '', tenant: ctx.tenantId }
        },
      }),
    ],
  },
}

async function connect(server: RunningServer, key: string, word: string): Promise<Client> {
  const client = new Client({ name: 'isolation', version: '1.0.0' }, { capabilities: { elicitation: {} } })
  client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { word } }))
  const requestInit = { headers: { Authorization: key } }
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp/asking`), { requestInit }))
  return client
}

describe('two concurrent callers', () => {
  it('never get data of the other', async () => {
    await using server = await startMcpServer()
    const calls = Array.from({ length: 400 }, async (_, at) => {
      const [key, tenant] = at % 2 === 0 ? [KEYS.ada, 'tenant-of-ada'] : [KEYS.bob, 'tenant-of-bob']
      const make = at % 4 < 2 ? modern : legacy
      const call = make('tools/call', { name: 'echo', arguments: { text: `word ${at}` } })
      const { body } = await send(server, withHeaders(call, { authorization: key }))
      expect(body['result']?.['structuredContent']).toEqual({ text: `word ${at}`, tenant })
    })
    await Promise.all(calls)
  })

  it('are each asked their own question in their own session', async () => {
    await using server = await startMcpServer({ servers: [demoServer, askingServer] })
    const [ada, bob] = await Promise.all([connect(server, KEYS.ada, 'ahoy'), connect(server, KEYS.bob, 'belay')])
    const calls = Array.from({ length: 40 }, async (_, at) => {
      const [client, word, tenant] = at % 2 === 0 ? [ada, 'ahoy', 'tenant-of-ada'] : [bob, 'belay', 'tenant-of-bob']
      const result = await client.callTool({ name: 'ask_for_word', arguments: {} })
      expect(result.structuredContent).toEqual({ word, tenant })
    })
    await Promise.all(calls)
    await Promise.all([ada.close(), bob.close()])
  })

  it('cannot use the request state of the other', async () => {
    await using server = await startMcpServer({ servers: [askingServer] })
    const capabilities = {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
      },
    }
    const call = (more: Record<string, unknown>) =>
      modern('tools/call', { name: 'ask_for_word', arguments: {}, ...capabilities, ...more })
    const first = await send(server, call({}))
    expect(first.body['result']).toMatchObject({
      resultType: 'input_required',
      inputRequests: { word: { method: 'elicitation/create' } },
    })
    const requestState = first.body['result']?.['requestState']
    const second = call({ requestState, inputResponses: { word: { action: 'accept', content: { word: 'ahoy' } } } })
    const stolen = await send(server, withHeaders(second, { authorization: KEYS.bob }))
    expect(stolen.body['error']?.['code']).toBe(-32602)
    const rightful = await send(server, second)
    expect(rightful.body['result']?.['structuredContent']).toEqual({ word: 'ahoy', tenant: 'tenant-of-ada' })
  })
})

describe('a session', () => {
  const initialize = legacy('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: {} },
    clientInfo: { name: 'session', version: '1.0.0' },
  })
  const open = async (server: RunningServer, key: string = KEYS.ada) => {
    const headers = {
      accept: 'application/json, text/event-stream',
      authorization: key,
      'mcp-protocol-version': undefined,
    }
    const answer = await send(server, withHeaders({ ...initialize, path: '/mcp/asking' }, headers))
    return String(answer.headers['mcp-session-id'])
  }
  const ping = (server: RunningServer, id: string, key: string = KEYS.ada) => {
    const headers = { accept: 'application/json, text/event-stream', authorization: key, 'mcp-session-id': id }
    return send(server, withHeaders({ ...legacy('ping'), path: '/mcp/asking' }, headers))
  }

  it('is not opened for callers that cannot answer questions, nor at endpoints whose tools ask none', async () => {
    await using server = await startMcpServer({ servers: [demoServer, askingServer] })
    const mute = await send(server, {
      ...legacy('initialize', { protocolVersion: '2025-11-25', capabilities: {} }),
      path: '/mcp/asking',
    })
    const unasked = await send(server, { ...initialize, path: '/mcp/demo' })
    expect([mute.status, unasked.status]).toEqual([200, 200])
    expect([mute.headers['mcp-session-id'], unasked.headers['mcp-session-id']]).toEqual([undefined, undefined])
    expect(server.surface.sessionCount()).toBe(0)
  })

  it('belongs to the caller that opened it', async () => {
    await using server = await startMcpServer({ servers: [askingServer] })
    const id = await open(server)
    expect((await ping(server, id)).status).toBe(200)
    expect((await ping(server, id, KEYS.bob)).status).toBe(404)
  })

  it('counts each call against its key once, also refused ones', async () => {
    const settings = LimitSettings.parse({ perKeyPerMinute: 4, perIpPerMinute: 100 })
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    await using server = await startMcpServer({ servers: [demoServer, askingServer], limiter })
    const accept = 'application/json, text/event-stream'
    const opened = await send(server, withHeaders(initialize, { accept, 'mcp-protocol-version': undefined }))
    const session = { accept, 'mcp-session-id': String(opened.headers['mcp-session-id']) }
    const call = async (name: string) => {
      const question = legacy('tools/call', { name, arguments: { text: 'ahoy' } })
      const { status, headers, text } = await send(server, withHeaders(question, session))
      return { status, left: headers['x-ratelimit-remaining'], isEcho: text.includes('ahoy') }
    }
    expect(await call('echo')).toEqual({ status: 200, left: '2', isEcho: true })
    expect(await call('no_such_tool')).toEqual({ status: 200, left: '1', isEcho: false })
    expect(await call('echo')).toEqual({ status: 200, left: '0', isEcho: true })
    expect(await call('echo')).toMatchObject({ status: 429, isEcho: false })
  })

  it('ends when it is deleted', async () => {
    await using server = await startMcpServer({ servers: [askingServer] })
    const id = await open(server)
    await send(server, { path: '/mcp/asking', method: 'DELETE', headers: { 'mcp-session-id': id } })
    expect((await ping(server, id)).status).toBe(404)
    expect(server.surface.sessionCount()).toBe(0)
  })

  it('expires when it is idle too long', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    const mcp = { sessionIdleSeconds: 60 }
    await using server = await startMcpServer({ servers: [askingServer], mcp, clock: () => now })
    const id = await open(server)
    now = new Date('2026-01-01T00:00:59Z')
    expect((await ping(server, id)).status).toBe(200)
    now = new Date('2026-01-01T00:02:00Z')
    expect((await ping(server, id)).status).toBe(404)
    expect(server.surface.sessionCount()).toBe(0)
  })

  it('is closed for a newer one of the same caller before one of another caller is', async () => {
    await using server = await startMcpServer({ servers: [askingServer], mcp: { sessionsMax: 8 } })
    const bobs = await open(server, KEYS.bob)
    const ids: string[] = []
    for (let at = 0; at < 3; at++) ids.push(await open(server))
    const statuses = await Promise.all(ids.map(async (id) => (await ping(server, id)).status))
    expect(statuses).toEqual([404, 200, 200])
    expect((await ping(server, bobs, KEYS.bob)).status).toBe(200)
  })
})
