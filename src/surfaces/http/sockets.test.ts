import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket as WsClient } from 'ws'
import type { ClientOptions } from 'ws'
import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { socketRoute } from '#kernel/calls/socket-route'
import type { SocketCall, SocketRoute } from '#kernel/calls/socket-route'
import type { Principal } from '#kernel/principal'
import { exchange, startSurface } from '../../../test/support/http-surface.ts'
import type { TestSurfaceOptions } from '../../../test/support/http-surface.ts'

const running: { close(seconds: number): Promise<number> }[] = []
afterEach(async () => {
  for (const surface of running.splice(0)) await surface.close(0)
})

const PROTOCOL = 'plimsoll.echo.v1'
const Message = z.object({ text: z.string().max(200_000) })
type Run = (ctx: Ctx, call: SocketCall<{ room: string }, object, { text: string }, { echo: string }>) => Promise<void>

const echo: Run = async (_ctx, { messages, send, params }) => {
  for await (const { text } of messages) {
    if (text === 'end') return
    await send({ echo: `${params.room}: ${text}` })
  }
}

/** `/v1/rooms/:room`, which says again what it is told. */
function room(
  run: Run = echo,
  changes: Partial<Pick<SocketRoute, 'scope' | 'messageBytesMax' | 'pingSeconds' | 'deadline'>> = {},
): SocketRoute {
  return socketRoute({
    path: '/v1/rooms/:room',
    summary: 'Talk',
    tags: ['rooms'],
    scope: 'customers:read',
    protocol: PROTOCOL,
    params: z.object({ room: z.string().max(10) }),
    query: z.object({}),
    receives: Message,
    sends: z.object({ echo: z.string() }),
    ...changes,
    run,
  })
}

async function start(route: SocketRoute = room(), options: TestSurfaceOptions = {}) {
  const env = { RATE_LIMIT_PER_IP_PER_MINUTE: '100000', ...options.env }
  const started = await startSurface([], { sockets: [route], ...options, env })
  running.push(started.surface)
  return started
}

const reader = { authorization: 'Bearer reader' }

/** A client of the route; `said` waits for its next message, `closed` for its end. */
function client(port: number, options: ClientOptions = { headers: reader }, protocols: string[] = [], path = 'a') {
  const ws = new WsClient(`ws://127.0.0.1:${port}/v1/rooms/${path}`, protocols, options)
  const waiting: ((text: unknown) => void)[] = []
  const heard: unknown[] = []
  ws.on('message', (data) => {
    // safe because: text arrives as a buffer.
    const message: unknown = JSON.parse((data as Buffer).toString())
    const next = waiting.shift()
    if (next === undefined) heard.push(message)
    else next(message)
  })
  ws.on('error', () => undefined)
  const closed = new Promise<[code: number, reason: string]>((resolve) => {
    ws.once('close', (code, reason) => resolve([code, reason.toString()]))
  })
  return {
    ws,
    closed,
    opened: once(ws, 'open'),
    say: (message: unknown) => ws.send(JSON.stringify(message)),
    said: () => (heard.length > 0 ? Promise.resolve(heard.shift()) : new Promise((resolve) => waiting.push(resolve))),
  }
}

/** How the server refuses to upgrade. */
async function refusal(port: number, options: ClientOptions = {}, protocols: string[] = [], path = 'a') {
  const { ws, opened } = client(port, options, protocols, path)
  opened.catch(() => undefined)
  // safe because: the event `unexpected-response` brings the answer.
  const [, res] = (await once(ws, 'unexpected-response')) as [unknown, IncomingMessage]
  const body = z.object({ error: z.object({ code: z.string() }) }).parse(JSON.parse((await res.toArray()).join('')))
  return { status: res.statusCode, code: body.error.code, headers: res.headers }
}

describe('a WebSocket route', () => {
  it('takes messages of its form and sends messages of its form, until it is done', async () => {
    const { port } = await start()
    const { opened, say, said, closed, ws } = client(port)
    await opened
    say({ text: 'hello' })
    expect(await said()).toEqual({ echo: 'a: hello' })
    say({ text: 'end' })
    expect(await closed).toEqual([1000, ''])
    expect(ws.protocol).toBe('')
  })

  it('opens to a page that sends its token as a subprotocol, and repeats the real one alone', async () => {
    const { port } = await start()
    const page = new WebSocket(`ws://127.0.0.1:${port}/v1/rooms/a`, [PROTOCOL, 'bearer', 'reader'])
    await once(page, 'open')
    expect(page.protocol).toBe(PROTOCOL)
    page.close()
    const { ws, opened } = client(port, {}, ['bearer', 'reader', PROTOCOL])
    const [res] = (await once(ws, 'upgrade')) as [IncomingMessage] // safe because: it brings the answer.
    await opened
    expect(JSON.stringify(res.headers)).not.toContain('reader')
    expect(res.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('answers a message of another form with every problem, and goes on', async () => {
    const { port, metrics } = await start()
    const { opened, say, said, ws } = client(port)
    await opened
    say({ txt: 'hello' })
    ws.send('{"text":')
    say({ text: 'hello' })
    expect(await said()).toMatchObject({ error: { code: 'INVALID_PARAMETERS', details: { problems: [{}, {}] } } })
    expect(await said()).toMatchObject({ error: { code: 'BAD_JSON' } })
    expect(await said()).toEqual({ echo: 'a: hello' })
    expect(await metrics.exposition()).toContain('failures_total{surface="http",kind="invalid"} 2')
  })
})

describe('whoever may not connect', () => {
  it.each([
    ['without a credential', {}, [], 401, 'UNAUTHENTICATED'],
    ['with a wrong one', { headers: { authorization: 'Bearer stolen' } }, [], 401, 'UNAUTHENTICATED'],
    ['with a wrong one as subprotocol', {}, [PROTOCOL, 'bearer', 'stolen'], 401, 'UNAUTHENTICATED'],
    ['with an empty one as subprotocol', {}, [PROTOCOL, 'bearer'], 401, 'UNAUTHENTICATED'],
    ['with two', { headers: reader }, [PROTOCOL, 'bearer', 'reader'], 400, 'BAD_SUBPROTOCOL'],
    ['speaking something else', { headers: reader }, ['chat'], 400, 'BAD_SUBPROTOCOL'],
    ['naming the token and no protocol', {}, ['bearer', 'reader'], 400, 'BAD_SUBPROTOCOL'],
    [
      'from a page of another origin',
      { headers: { ...reader, origin: 'https://evil.example' } },
      [],
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    ['under another host', { headers: { ...reader, host: 'evil.example' } }, [], 403, 'HOST_NOT_ALLOWED'],
  ])('%s is answered as any request is', async (_who, options, protocols, status, code) => {
    const { port } = await start()
    expect(await refusal(port, options, [...protocols])).toMatchObject({ status, code })
  })

  it('with a credential in the URL is told why, whether it is good or not', async () => {
    const { port } = await start()
    const refused = await refusal(port, { headers: reader }, [], 'a?token=reader')
    expect(refused).toMatchObject({ status: 400, code: 'CREDENTIAL_IN_URL' })
  })

  it('by wrong parameters, or a path that nobody has, learns it before the connection is open', async () => {
    const { port } = await start()
    expect(await refusal(port, { headers: reader }, [], 'much-too-long')).toMatchObject({ code: 'INVALID_PARAMETERS' })
    expect(await refusal(port, { headers: reader }, [], 'a/b')).toMatchObject({ code: 'ROUTE_NOT_FOUND' })
  })

  it('for want of scope, or by what the key is bound to, is told so and noted', async () => {
    const noteAccess = vi.fn()
    const { port } = await start(room(echo, { scope: 'customers:write' }), { noteAccess })
    const refused = await refusal(port, { headers: reader })
    expect(refused).toMatchObject({ status: 403, code: 'INSUFFICIENT_SCOPE' })
    expect(refused.headers['www-authenticate']).toContain('scope="customers:write"')
    const readOnly: Principal = {
      tenantId: 't',
      actor: { kind: 'key', id: 'k', name: 'k' },
      scopes: new Set(['customers:write']),
      bounds: { readOnly: true },
    }
    const bound = await start(room(echo, { scope: 'customers:write' }), { noteAccess, authenticate: () => readOnly })
    expect(await refusal(bound.port)).toMatchObject({ status: 403, code: 'OUT_OF_BOUNDS' })
    expect(noteAccess.mock.calls.map(([, , action, , status]: unknown[]) => [action, status])).toEqual([
      ['http.GET /v1/rooms/:room', 'forbidden'],
      ['http.GET /v1/rooms/:room', 'forbidden'],
    ])
  })

  it('over the limit is told when to come back', async () => {
    const { port } = await start(room(), { env: { RATE_LIMIT_PER_KEY_PER_MINUTE: '1' } })
    await client(port).opened
    const refused = await refusal(port, { headers: reader })
    expect(refused).toMatchObject({ status: 429, code: 'RATE_LIMIT_EXCEEDED' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })

  it('by plain HTTP is told to upgrade, and is not when there is no such route', async () => {
    const { url } = await start()
    const plain = await fetch(`${url}/v1/rooms/a`, { headers: reader })
    expect([plain.status, await plain.json()]).toMatchObject([426, { error: { code: 'UPGRADE_REQUIRED' } }])
    const { port } = await startSurface([]).then((none) => (running.push(none.surface), none))
    expect(await refusal(port, { headers: reader })).toMatchObject({ status: 404 })
  })

  it('leaves nothing behind that is taken for a second request', async () => {
    const { port, metrics } = await start()
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'
    const smuggled = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'
    const received = await exchange(port, `GET /v1/rooms/a HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n${smuggled}`)
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401'])
    const posted = `POST /v1/rooms/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n${upgrade.replace('\r\n', ', close\r\n')}`
    expect((await exchange(port, `${posted}\r\n${smuggled}`)).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 405'])
    expect(await metrics.exposition()).toContain('http_sockets 0')
  })
})

describe('an open connection', () => {
  it('counts each message as a call, and answers those over the limit with the time to wait', async () => {
    const { port } = await start(room(), { env: { RATE_LIMIT_PER_KEY_PER_MINUTE: '2' } })
    const { opened, say, said } = client(port)
    await opened
    say({ text: 'one' })
    say({ text: 'two' })
    expect(await said()).toEqual({ echo: 'a: one' })
    expect(await said()).toMatchObject({
      error: { code: 'RATE_LIMIT_EXCEEDED', details: { retry_after: expect.any(Number) } },
    })
  })

  it.each([
    ['too large a message', { messageBytesMax: 100 }, (ws: WsClient) => ws.send('x'.repeat(101)), 1009],
    ['bytes that are no text', {}, (ws: WsClient) => ws.send(Buffer.from([1, 2, 3])), 1003],
  ])('is closed by %s', async (_what, changes, send, code) => {
    const { port } = await start(room(echo, changes))
    const { opened, ws, closed } = client(port)
    await opened
    send(ws)
    expect((await closed)[0]).toBe(code)
  })

  it('is closed when more messages wait than its route reads', async () => {
    const { port } = await start(room((ctx) => untilAborted(ctx)))
    const { opened, say, closed } = client(port)
    await opened
    for (let count = 0; count < 40; count++) say({ text: 'hello' })
    expect(await closed).toEqual([1008, 'TOO_MANY_MESSAGES'])
  })

  it('is closed at the next message, or ping, once its credential is revoked or holds something else', async () => {
    const held = { scopes: new Set<'customers:read' | 'customers:write'>(['customers:read']), isRevoked: false }
    const authenticate = (): Principal => {
      if (held.isRevoked) throw new Failure('unauthenticated', 'This key was revoked.')
      return { tenantId: 't', actor: { kind: 'key', id: 'k', name: 'k' }, scopes: new Set(held.scopes) }
    }
    const { port } = await start(room(), { authenticate })
    const first = client(port)
    const second = client(port)
    await Promise.all([first.opened, second.opened])
    held.scopes.add('customers:write')
    second.say({ text: 'hello' })
    expect(await second.closed).toEqual([4401, 'CREDENTIAL_CHANGED'])
    held.isRevoked = true
    first.say({ text: 'hello' })
    expect(await first.closed).toEqual([4401, 'UNAUTHENTICATED'])

    held.isRevoked = false
    const pinged = await start(room(echo, { pingSeconds: 0.2 }), { authenticate })
    const third = client(pinged.port)
    await third.opened
    await once(third.ws, 'ping')
    held.isRevoked = true
    expect(await third.closed).toEqual([4401, 'UNAUTHENTICATED'])
  })

  it.each([
    ['silence', { idleSeconds: 0.05 }, 'IDLE'],
    ['its whole time', { wholeSeconds: 0.05 }, 'TIMEOUT'],
  ])('is closed after %s, and its work is told', async (_what, deadline, reason) => {
    const ended = Promise.withResolvers<unknown>()
    const run: Run = (ctx) => untilAborted(ctx).catch((error: unknown) => ended.resolve(error))
    const { port } = await start(room(run, { deadline }))
    expect(await client(port).closed).toEqual([4504, reason])
    expect(await ended.promise).toMatchObject({ kind: 'timeout' })
  })

  it('whose other end is dead is cut when it answers no ping', async () => {
    const ended = Promise.withResolvers<unknown>()
    const run: Run = (ctx) => untilAborted(ctx).catch((error: unknown) => ended.resolve(error))
    const { port } = await start(room(run, { pingSeconds: 0.05 }))
    await client(port, { headers: reader, autoPong: false }).opened
    expect(await ended.promise).toMatchObject({ kind: 'cancelled' })
  })

  it('whose other end reads nothing pauses its work, and is cut after a while', async () => {
    const ended = Promise.withResolvers<number>()
    const run: Run = async (_ctx, { send }) => {
      let sent = 0
      try {
        for (; ; sent++) await send({ echo: 'x'.repeat(64 * 1024) })
      } finally {
        ended.resolve(sent)
      }
    }
    const { port } = await start(room(run, { deadline: { readerSeconds: 0.2 } }))
    const socket = await silentReader(port)
    expect((await ended.promise) * 64 * 1024).toBeLessThan(16 * 1024 * 1024)
    socket.destroy()
  })

  it('closes with what its work failed with; a bug shows an id alone', async () => {
    let logged = ''
    const logTo = { write: (line: string) => void (logged += line) }
    const errors = [new Failure('payment_required', 'Top up.'), new TypeError('secret_column')]
    const run: Run = async () => {
      throw errors.shift() ?? new Error('none is left')
    }
    const { port } = await start(room(run), { logTo })
    expect(await client(port).closed).toEqual([4402, 'PAYMENT_REQUIRED'])
    const [code, reason] = await client(port).closed
    expect([code, reason]).toEqual([1011, expect.stringMatching(/^[0-9a-f-]{36}$/)])
    expect(logged).toContain(reason)
  })

  it('is noted when it ends, and counted with the time it was open', async () => {
    const noteAccess = vi.fn()
    const { port, metrics } = await start(room(), { noteAccess })
    const leaving = client(port)
    await leaving.opened
    expect(await metrics.exposition()).toContain('http_sockets 1')
    leaving.ws.close()
    await vi.waitFor(() => expect(noteAccess).toHaveBeenCalledTimes(1))
    expect(noteAccess.mock.calls[0]?.[4]).toBe('ok')
    const requests = 'http_requests_total{method="GET",route="/v1/rooms/:room",status="101"} 1'
    await vi.waitFor(async () => expect((await metrics.exposition()).includes(requests)).toBe(true))
    expect(await metrics.exposition()).toContain('http_sockets 0')
  })
})

describe('a stop', () => {
  it('lets what was said be answered, takes nothing new, and closes as going away', async () => {
    const released = Promise.withResolvers<void>()
    const asked = Promise.withResolvers<void>()
    const run: Run = async (_ctx, { messages, send }) => {
      for await (const { text } of messages) {
        asked.resolve()
        await released.promise
        await send({ echo: text })
      }
    }
    const { surface, port } = await start(room(run))
    const talking = client(port)
    const idle = client(port)
    await Promise.all([talking.opened, idle.opened])
    talking.say({ text: 'hello' })
    await asked.promise
    const closed = surface.close(5)
    expect(await idle.closed).toEqual([1001, ''])
    released.resolve()
    expect(await talking.said()).toEqual({ echo: 'hello' })
    expect(await talking.closed).toEqual([1001, ''])
    expect(await closed).toBe(0)
  })

  it('cancels at its deadline what is not done, and cuts who does not answer', async () => {
    const reasons: unknown[] = []
    const run: Run = (ctx) => untilAborted(ctx).catch((error: unknown) => void reasons.push(error))
    const { surface, port } = await start(room(run))
    const obedient = client(port)
    await obedient.opened
    const silent = await silentReader(port)
    expect(await surface.close(0)).toBe(1)
    expect(await obedient.closed).toEqual([1001, ''])
    expect(reasons).toMatchObject([{ kind: 'unavailable' }, { kind: 'unavailable' }])
    silent.destroy()
  })
})

it('the OpenAPI document tells of the connection', async () => {
  const { url } = await start()
  const document: unknown = await (await fetch(`${url}/api/v1/openapi.json`)).json()
  expect(document).toMatchObject({
    paths: {
      '/v1/rooms/{room}': { get: { responses: { '101': { description: expect.stringContaining(PROTOCOL) } } } },
    },
  })
})

/** Ends with the reason of its signal. */
function untilAborted(ctx: Ctx): Promise<never> {
  return new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)))
}

/** Connects by hand and reads no more than the answer's first bytes. */
async function silentReader(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(
    `GET /v1/rooms/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer reader\r\nConnection: Upgrade\r\n` +
      `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  )
  await once(socket, 'readable')
  return socket
}
