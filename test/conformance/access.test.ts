import { z } from 'zod'
import { LimitSettings } from '#kernel/config/runtime'
import { createLimiter } from '#kernel/calls/limits'
import { requireScope } from '#kernel/writes/scope'
import { plainTool } from '../support/plain-tool.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ErrorAnswer } from '../support/http-surface.ts'
import { KEYS, authenticate, demoServer, log, startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'
import { legacy, modern, send, withHeaders } from './post.ts'

let server: RunningServer
beforeAll(async () => {
  server = await startMcpServer({ server: { publicUrl: 'https://mcp.example.com' } })
})
afterAll(() => server[Symbol.asyncDispose]())

const readOrWrite = plainTool({
  name: 'read_or_write',
  title: 'Read or write',
  describe: 'Reads; with isChange it writes.',
  effect: 'create',
  scope: 'demo:read',
  input: z.strictObject({ isChange: z.boolean().describe('Write') }),
  output: z.object({ isChange: z.boolean() }),
  run: async (ctx, { isChange }) => {
    if (isChange) requireScope(ctx, 'demo:write')
    return { isChange }
  },
})

const asBob = { authorization: KEYS.bob }

describe('a caller without a valid key', () => {
  it.each([
    // RFC 6750, section 3.1: no error code when the request has no credential.
    [undefined, ''],
    ['Bearer wrong', 'error="invalid_token", error_description="The API key is missing or not valid: plim_...", '],
    ['Basic x', 'error="invalid_token", error_description="The API key is missing or not valid: plim_...", '],
  ])('gets a challenge with the URL of the resource metadata: %s', async (authorization, error) => {
    const answer = await send(server, withHeaders(modern('tools/list'), { authorization }))
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer ${error}scope="demo:read demo:write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"`,
    )
  })

  it.each(['/mcp/nowhere', '/mcp/tools?server=nobody'])('gets an error in the form of REST at %s', async (path) => {
    const headers = { authorization: undefined, 'x-request-id': 'voyage-2' }
    const { status, body } = await send(server, { path, method: 'GET', headers })
    expect({ status, body: ErrorAnswer.parse(body) }).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND', request_id: 'voyage-2' } },
    })
  })

  it.each(['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp/demo'])(
    'can read %s',
    async (path) => {
      const answer = await send(server, { path, method: 'GET', headers: { authorization: undefined } })
      expect(answer.status).toBe(200)
      expect(answer.body['resource']).toMatch(/^https:\/\/mcp\.example\.com\/mcp/)
      expect(answer.body['scopes_supported']).toEqual(['demo:read', 'demo:write'])
      expect(answer.body).not.toHaveProperty('authorization_servers')
    },
  )

  it('can list names, titles and schemas, and nothing else', async () => {
    const options = { method: 'GET', headers: { authorization: undefined } }
    const answer = await send(server, { ...options, path: '/mcp/tools?server=demo&toolset=speech' })
    expect(answer.body['tools']).toMatchObject([
      { name: 'echo', title: 'Echo', inputSchema: { type: 'object' } },
      { name: 'write_down', title: 'Write down' },
    ])
  })

  it.each([
    ['/mcp/tools', 5],
    ['/mcp/tools?server=all', 5],
    ['/mcp/tools?server=demo', 5],
    ['/mcp/tools?toolset=speech', 2],
  ])('lists at %s the %i tools of an installation without a tasks server', async (path, count) => {
    const { body } = await send(server, { path, method: 'GET', headers: { authorization: undefined } })
    expect(body).toMatchObject({ count, otherServers: [] })
    expect(body['tools']).toHaveLength(count)
  })

  it.each([
    ['server=nobody', 'server: there is no "nobody". Give one of demo, all, for example /mcp/tools?server=demo.'],
    [
      'toolset=none',
      'toolset: there is no "none". Give one of speech, trouble, for example /mcp/tools?toolset=speech.',
    ],
  ])('gets the valid values at /mcp/tools?%s', async (query, message) => {
    const path = `/mcp/tools?${query}`
    const answer = await send(server, { path, method: 'GET', headers: { authorization: undefined } })
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND', message } } })
  })

  it('is limited by its address', async () => {
    const settings = LimitSettings.parse({ perKeyPerMinute: 100, perIpPerMinute: 2 })
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    await using limited = await startMcpServer({ limiter })
    const stranger = withHeaders(modern('tools/list'), { authorization: 'Bearer guess' })
    const statuses = [await send(limited, stranger), await send(limited, stranger), await send(limited, stranger)]
    expect(statuses.map((answer) => answer.status)).toEqual([401, 401, 429])
    expect(statuses[2]?.headers['retry-after']).toBe('60')
    expect((await send(limited, modern('tools/list'))).status).toBe(200)
  })
})

describe('a caller with a key', () => {
  it('can be authenticated asynchronously: the request waits', async () => {
    const slowly = async (authorization: string | undefined) => authenticate(authorization)
    await using slow = await startMcpServer({ authenticate: slowly })
    expect((await send(slow, modern('tools/list'))).status).toBe(200)
    expect((await send(slow, withHeaders(modern('tools/list'), { authorization: 'Bearer wrong' }))).status).toBe(401)
  })

  it('finds its request id in the answer', async () => {
    const answer = await send(server, withHeaders(modern('tools/list'), { 'x-request-id': 'voyage-1' }))
    expect(answer.headers['x-request-id']).toBe('voyage-1')
  })

  it('is limited by the key', async () => {
    const settings = LimitSettings.parse({ perKeyPerMinute: 1, perIpPerMinute: 100 })
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    await using limited = await startMcpServer({ limiter })
    const call = modern('tools/call', { name: 'echo', arguments: { text: 'x' } })
    expect((await send(limited, call)).status).toBe(200)
    expect((await send(limited, call)).status).toBe(429)
  })

  it.each([
    ['a call', modern('tools/call', { name: 'echo', arguments: { text: 'x' } })],
    ['a list', modern('tools/list')],
    ['an answer of the SDK', legacy('prompts/list')],
    ['a refused call', modern('tools/call', { name: 'no_such_tool', arguments: {} })],
  ])('gets the remaining calls in the headers of %s', async (_what, question) => {
    const settings = LimitSettings.parse({ perKeyPerMinute: 2, perIpPerMinute: 100 })
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    await using limited = await startMcpServer({ limiter, clock: () => new Date('2026-11-20T12:00:00Z') })
    const reset = String(Date.parse('2026-11-20T12:01:00Z') / 1000)
    const left = async () => (await send(limited, withHeaders(question, { 'x-request-id': 'voyage-3' }))).headers
    const limit = { 'x-ratelimit-limit': '2', 'x-ratelimit-reset': reset, 'x-request-id': 'voyage-3' }
    expect(await left()).toMatchObject({ ...limit, 'x-ratelimit-remaining': '1' })
    expect(await left()).toMatchObject({ ...limit, 'x-ratelimit-remaining': '0' })
    expect(await left()).toMatchObject({ ...limit, 'x-ratelimit-remaining': '0', 'retry-after': '60' })
  })

  it.each(['gzip', 'br', 'zstd'])('is refused with a body in %s, and gets the accepted encodings', async (encoding) => {
    const answer = await send(server, withHeaders(modern('tools/list'), { 'content-encoding': encoding }))
    expect([answer.status, answer.headers['accept-encoding']]).toEqual([415, 'identity'])
    expect(answer.text).toContain(`The Content-Encoding ${encoding} is not taken here`)
  })

  it.each(['write_down', 'no_such_tool'])('is limited also in refused calls of %s', async (name) => {
    const settings = LimitSettings.parse({ perKeyPerMinute: 1, perIpPerMinute: 100 })
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    await using limited = await startMcpServer({ limiter })
    const call = withHeaders(modern('tools/call', { name, arguments: { text: 'x' } }), asBob)
    expect((await send(limited, call)).status).not.toBe(429)
    expect((await send(limited, call)).status).toBe(429)
  })

  it('is limited in each message of a batch', async () => {
    const settings = LimitSettings.parse({ perKeyPerMinute: 2, perIpPerMinute: 100 })
    const limiter = createLimiter({ settings, log, milliseconds: () => 0 })
    await using limited = await startMcpServer({ limiter })
    const call = { method: 'tools/call', params: { name: 'echo', arguments: { text: 'x' } } }
    const messages = [call, { method: 'ping' }, call].map((message, id) => ({ jsonrpc: '2.0', id, ...message }))
    const { body } = await send(limited, { body: messages })
    expect(body).toMatchObject([{ result: {} }, { result: {} }, { error: { data: { kind: 'rate_limited' } } }])
  })

  it('sees only the tools its scopes allow', async () => {
    const names = async (headers: Record<string, string>) => {
      const answer = await send(server, withHeaders(modern('tools/list'), headers))
      return JSON.stringify(answer.body['result']?.['tools'])
    }
    expect(await names({ authorization: KEYS.ada })).toContain('write_down')
    expect(await names(asBob)).not.toContain('write_down')
  })

  it.each([
    ['the stateless revision', modern('tools/call', { name: 'write_down', arguments: { text: 'x' } })],
    ['2025-11-25', legacy('tools/call', { name: 'write_down', arguments: { text: 'x' } })],
  ])('gets the scope that a call requires in %s', async (_revision, call) => {
    const answer = await send(server, withHeaders(call, asBob))
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toContain(
      'error="insufficient_scope", scope="demo:write", resource_metadata=',
    )
    expect(answer.body['id']).toBe(1)
  })

  it.each([
    ['the stateless revision', modern],
    ['2025-11-25', legacy],
  ])('gets the scope that the arguments of a call require in %s', async (_revision, message) => {
    await using mixed = await startMcpServer({
      servers: [{ ...demoServer, toolsets: { ...demoServer.toolsets, mixed: [readOrWrite] } }],
    })
    const call = (isChange: boolean) => message('tools/call', { name: 'read_or_write', arguments: { isChange } })
    const read = await send(mixed, withHeaders(call(false), asBob))
    expect(read.body['result']?.['structuredContent']).toEqual({ isChange: false })
    const write = await send(mixed, withHeaders(call(true), asBob))
    expect(write.status).toBe(403)
    expect(write.headers['www-authenticate']).toContain('error="insufficient_scope", scope="demo:write"')
    expect(write.body['error']?.['data']).toMatchObject({ kind: 'forbidden', scopesNeeded: ['demo:write'] })
  })

  it('gets equal bytes for equal scopes', async () => {
    const [first, second] = await Promise.all([send(server, modern('tools/list')), send(server, modern('tools/list'))])
    expect(first.text).toBe(second.text)
    expect(first.body['result']).toMatchObject({ resultType: 'complete', cacheScope: 'private', ttlMs: 300_000 })
  })
})

describe('requests that a web page could send', () => {
  it.each([
    ['a Host of another name', { host: 'evil.example.com' }, 'HOST_NOT_ALLOWED'],
    ['an Origin that is not allowed', { origin: 'https://evil.example.com' }, 'ORIGIN_NOT_ALLOWED'],
  ])('are refused: %s', async (_what, headers, code) => {
    const answer = await send(server, withHeaders(modern('tools/list'), headers))
    expect(answer.status).toBe(403)
    expect(answer.body['error']?.['data']?.['code']).toBe(code)
  })

  it('are accepted from this machine', async () => {
    const answer = await send(server, withHeaders(modern('tools/list'), { origin: 'http://localhost:6274' }))
    expect(answer.status).toBe(200)
  })
})

describe('every answer', () => {
  it.each([
    ['a result', modern('tools/list')],
    ['a refusal', withHeaders(modern('tools/list'), { authorization: undefined })],
    ['an answer of the SDK', modern('prompts/list')],
    ['an unknown URL', { path: '/mcp/nowhere', body: {} }],
  ])('carries the security headers: %s', async (_what, question) => {
    const { headers } = await send(server, question)
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'content-security-policy': "default-src 'self'",
    })
  })

  it('is counted by endpoint, and unknown URLs under one name', async () => {
    const seen: [string, string, number, number][] = []
    let counted = () => {}
    const observeRequest = (...request: [string, string, number, number]) => {
      seen.push(request)
      counted()
    }
    await using observed = await startMcpServer({ observeRequest })
    const get = { method: 'GET', headers: { authorization: undefined } }
    const asked = [
      modern('tools/list'),
      { ...legacy('ping'), path: '/mcp/demo/speech' },
      withHeaders(modern('tools/list'), { authorization: undefined }),
      { ...get, path: '/mcp/tools?server=demo' },
      { ...get, path: '/mcp/nowhere/at/all' },
      { ...get, path: '/.well-known/oauth-protected-resource/mcp' },
    ]
    for (const question of asked) {
      const done = new Promise<void>((resolve) => {
        counted = resolve
      })
      await send(observed, question)
      await done
    }
    expect(seen.map(([method, route, status]) => `${method} ${route} ${status}`)).toEqual([
      'POST /mcp 200',
      'POST /mcp/demo/speech 200',
      'POST /mcp 401',
      'GET /mcp/tools 200',
      'GET (unknown) 404',
      'GET /.well-known/oauth-protected-resource 200',
    ])
    expect(seen.every(([, , , seconds]) => seconds > 0 && seconds < 10)).toBe(true)
  })
})
