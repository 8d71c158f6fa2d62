import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../support/http-surface.ts'
import { KEYS, startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'
import { legacy, modern, send, withHeaders } from './post.ts'
import type { Question } from './post.ts'

let server: RunningServer
beforeAll(async () => {
  server = await startMcpServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } }
const echo = { name: 'echo', arguments: { text: 'ahoy' } }
const codeOf = async (question: Question) => {
  const { status, body } = await send(server, question)
  return { status, code: Number(body['error']?.['code']) }
}

describe('the stateless revision', () => {
  it('answers a call with one value, as text and as structured content', async () => {
    const { body } = await send(server, modern('tools/call', echo))
    expect(body).toMatchInlineSnapshot(`
      {
        "id": 1,
        "jsonrpc": "2.0",
        "result": {
          "_meta": {
            "io.modelcontextprotocol/serverInfo": {
              "name": "plimsoll",
              "title": "Plimsoll",
              "version": "0.0.0-test",
            },
          },
          "content": [
            {
              "text": "{"text":"ahoy","tenant":"tenant-of-ada"}",
              "type": "text",
            },
          ],
          "resultType": "complete",
          "structuredContent": {
            "tenant": "tenant-of-ada",
            "text": "ahoy",
          },
        },
      }
    `)
  })

  it('reports its capabilities without a session', async () => {
    const { body } = await send(server, modern('server/discover'))
    expect(body['result']).toMatchObject({
      supportedVersions: ['2026-07-28'],
      capabilities: { tools: {} },
      cacheScope: 'public',
    })
  })

  it.each([
    [
      'another version in the header',
      withHeaders(modern('tools/call', echo), { 'mcp-protocol-version': '2025-11-25' }),
    ],
    ['another method in the header', withHeaders(modern('tools/call', echo), { 'mcp-method': 'tools/list' })],
    ['another name in the header', withHeaders(modern('tools/call', echo), { 'mcp-name': 'write_down' })],
    ['no name in the header', withHeaders(modern('tools/call', echo), { 'mcp-name': undefined })],
    ['a name that is not base64', withHeaders(modern('tools/call', echo), { 'mcp-name': '=?base64?%%%?=' })],
  ])('refuses headers that disagree with the body: %s', async (_what, question) => {
    expect(await codeOf(question)).toEqual({ status: 400, code: -32020 })
  })

  it('refuses an unknown version with the supported ones', async () => {
    const version = '2030-01-01'
    const params = {
      _meta: { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientCapabilities': {} },
    }
    const answer = await send(server, withHeaders(modern('tools/list', params), { 'mcp-protocol-version': version }))
    expect(answer.status).toBe(400)
    expect(answer.body['error']).toMatchObject({
      code: -32022,
      data: { supported: ['2026-07-28'], requested: version },
    })
  })

  it('requires _meta in every request', async () => {
    expect(await codeOf(modern('tools/list', { _meta: {} }))).toEqual({ status: 400, code: -32602 })
  })

  it.each(['initialize', 'ping', 'logging/setLevel', 'no/such'])('does not know %s', async (method) => {
    expect(await codeOf(modern(method))).toEqual({ status: 404, code: -32601 })
  })

  it('acknowledges a subscription, and ends it when the server stops', async () => {
    const stopping = await startMcpServer()
    const question = modern('subscriptions/listen', { notifications: { toolsListChanged: true } })
    const headers = { ...question.headers, 'content-type': 'application/json', authorization: KEYS.ada }
    const response = await fetch(`${stopping.url}/mcp`, {
      method: 'POST',
      headers,
      body: JSON.stringify(question.body),
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toContain('notifications/subscriptions/acknowledged')
    // Longer than the test may take: a stop does not wait for subscriptions.
    await stopping.surface.close(600)
    let last = await reader?.read()
    while (last?.done === false) last = await reader?.read()
    expect(last?.done).toBe(true)
    await stopping[Symbol.asyncDispose]()
  })

  it('refuses GET and DELETE', async () => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await send(server, { method })
      expect(answer.status).toBe(405)
      expect(answer.headers['allow']).toBe('POST')
    }
  })
})

describe('the 2025 revisions', () => {
  it.each(['2025-11-25', '2025-06-18', '2025-03-26'])('agree on %s when it is asked for', async (protocolVersion) => {
    const { body } = await send(server, {
      body: { jsonrpc: '2.0', id: 'a', method: 'initialize', params: { protocolVersion } },
    })
    expect(body['result']?.['protocolVersion']).toBe(protocolVersion)
    const called = await send(server, legacy('tools/call', echo, protocolVersion))
    expect(called.body['result']?.['content']?.['0']?.['text']).toContain('ahoy')
    expect(called.text).not.toContain('resultType')
  })

  it('offer the newest of them for an unknown version', async () => {
    const { body } = await send(server, legacy('initialize', { protocolVersion: '1999-01-01' }))
    expect(body['result']?.['protocolVersion']).toBe('2025-11-25')
  })

  it('take batches in 2025-03-26 only', async () => {
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: echo }
    const rare = { jsonrpc: '2.0', id: 3, method: 'prompts/list' }
    const body = [ping, call, rare, { jsonrpc: '2.0', method: 'notifications/initialized' }]
    const answer = await send(server, { body })
    expect(answer.body).toMatchObject([{ id: 1, result: {} }, { id: 2 }, { id: 3, error: { code: -32601 } }])
    expect(await codeOf({ body, headers: { 'mcp-protocol-version': '2025-06-18' } })).toEqual({
      status: 400,
      code: -32600,
    })
  })

  it('acknowledge notifications without a body', async () => {
    const answer = await send(server, { body: { jsonrpc: '2.0', method: 'notifications/initialized' } })
    expect(answer).toMatchObject({ status: 202, text: '' })
  })

  it('answer 404 for an unknown session, so that the client initializes again', async () => {
    const answer = await send(server, withHeaders(legacy('tools/list'), { 'mcp-session-id': 'gone' }))
    expect(answer.status).toBe(404)
  })
})

describe('endpoints', () => {
  it.each([
    ['/mcp/demo', 5],
    ['/mcp/demo/speech', 2],
    ['/mcp/demo/speech?readonly', 1],
    ['/mcp/demo/readonly', 4],
    ['/mcp?readonly', 4],
    ['/mcp?readonly=TRUE', 4],
    ['/mcp/demo?x=1&ReadOnly=yes', 4],
    ['/mcp/demo?read%6Fnly=1', 4],
    ['/mcp/demo?readonly=false', 5],
    ['/mcp/demo?x=readonly', 5],
  ])('%s lists its own tools', async (path, count) => {
    const { body } = await send(server, { ...modern('tools/list'), path })
    expect(body['result']?.['tools']).toHaveLength(count)
  })

  it('a tool outside the listed ones does not exist there', async () => {
    const question = {
      ...modern('tools/call', { name: 'write_down', arguments: { text: 'x' } }),
      path: '/mcp/demo?readonly',
    }
    expect(await codeOf(question)).toEqual({ status: 200, code: -32602 })
  })

  it('a cursor that was not issued here is refused', async () => {
    expect(await codeOf(modern('tools/list', { cursor: 'dG9vbHM6OTk' }))).toEqual({ status: 200, code: -32602 })
  })

  it.each([
    undefined,
    '*/*',
    'application/json',
    'application/json;q=0.9, text/html',
    'application/json, text/event-stream',
  ])('every method is answered as JSON to a client that sends Accept: %s', async (accept) => {
    const ask = async (question: Question) => {
      const { status, headers, body } = await send(server, { ...question, headers: { ...question.headers, accept } })
      return {
        status,
        type: headers['content-type'],
        code: body['error']?.['code'],
        has: Object.keys(body['result'] ?? {}),
      }
    }
    for (const of of [legacy, modern]) {
      expect(await ask(of('tools/call', echo))).toMatchObject({
        status: 200,
        type: 'application/json',
        code: undefined,
      })
      expect(await ask(of('tools/list'))).toMatchObject({ status: 200, type: 'application/json', code: undefined })
      const unknown = await ask(of('prompts/list'))
      expect(unknown).toMatchObject({ type: 'application/json', code: -32601 })
    }
    expect((await ask(legacy('initialize', INITIALIZE))).has).toContain('serverInfo')
  })

  it('closes the connection after a stream when the client asked for that', async () => {
    const { headers, body } = legacy('tools/list')
    const text = JSON.stringify(body)
    const fields = { ...headers, host: 'localhost', authorization: KEYS.ada, 'content-type': 'application/json' }
    const lines = Object.entries({ ...fields, accept: 'text/event-stream', connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    )
    const head = `POST /mcp HTTP/1.1\r\n${lines.join('')}content-length: ${text.length}\r\n\r\n`
    expect(await exchange(Number(new URL(server.url).port), `${head}${text}`)).toMatch(/\r\nConnection: close\r\n/i)
  })

  it('every method is answered as an event to a client that takes only event streams', async () => {
    for (const question of [
      legacy('initialize', INITIALIZE),
      legacy('tools/list'),
      modern('tools/call', echo),
      legacy('prompts/list'),
    ]) {
      const answer = await send(server, { ...question, headers: { ...question.headers, accept: 'text/event-stream' } })
      expect({ status: answer.status, type: answer.headers['content-type'] }).toEqual({
        status: 200,
        type: 'text/event-stream',
      })
      expect(answer.text).toMatch(/^event: message\ndata: \{"jsonrpc":"2\.0","id":1,.*\}\n\n$/)
    }
  })

  it.each([
    ['a body that is not JSON', { headers: { 'content-type': 'text/plain' }, body: '{}' }, 415],
    ['an unsupported Accept header', { headers: { accept: 'text/html' }, body: '{}' }, 406],
    ['a body that is too large', { body: 'x'.repeat(4 * 1024 * 1024 + 1) }, 413],
    ['an unknown URL', { path: '/mcp/demo/speech/echo', body: '{}' }, 404],
  ])('refuse %s', async (_what, question, status) => {
    expect((await send(server, question)).status).toBe(status)
  })
})
