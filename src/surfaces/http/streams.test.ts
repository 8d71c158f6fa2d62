import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { streamRoute } from '#kernel/calls/stream-route'
import type { ServerSentEvent, StreamAnswer, StreamRoute } from '#kernel/calls/stream-route'
import type { Principal } from '#kernel/principal'
import { exchange, startSurface } from '../../../test/support/http-surface.ts'
import type { TestSurfaceOptions } from '../../../test/support/http-surface.ts'

const running: { close(seconds: number): Promise<number> }[] = []
afterEach(async () => {
  for (const surface of running.splice(0)) await surface.close(0)
})

type Run = (ctx: Ctx, request: { body: { prompt: string; stream?: boolean | undefined } }) => Promise<StreamAnswer>

/** `POST /v1/answers`, with errors in a form of its own. */
function answers(run: Run, changes: Partial<StreamRoute> = {}): StreamRoute {
  const declared = streamRoute({
    method: 'POST',
    path: '/v1/answers',
    summary: 'Answer',
    tags: ['answers'],
    scope: 'customers:write',
    body: z.object({ prompt: z.string(), stream: z.boolean().optional() }),
    response: z.object({ text: z.string() }),
    errorBody: ({ code, message, requestId }) => ({ type: 'error', code, message, request_id: requestId }),
    errorEvent: ({ code }) => ({ event: 'error', data: JSON.stringify({ code }) }),
    run,
  })
  return { ...declared, ...changes }
}

async function start(route: StreamRoute, options: TestSurfaceOptions = {}) {
  const started = await startSurface([], { streams: [route], ...options })
  running.push(started.surface)
  return started
}

const writer = { authorization: 'Bearer writer', 'content-type': 'application/json' }
const ask = (url: string, init: RequestInit = {}) =>
  fetch(`${url}/v1/answers`, { method: 'POST', headers: writer, body: '{"prompt":"hi"}', ...init })

/** A request whose answer is read when the test says so. */
async function askSlowly(port: number): Promise<IncomingMessage> {
  const req = httpRequest({ port, host: '127.0.0.1', path: '/v1/answers', method: 'POST', headers: writer })
  req.end('{"prompt":"hi"}')
  // safe because: the event `response` brings the answer.
  const [res] = (await once(req, 'response')) as [IncomingMessage]
  return res
}

async function* events(...list: ServerSentEvent[]): AsyncGenerator<ServerSentEvent> {
  yield* list
}

/** Ends with the reason of its signal. */
function untilAborted(ctx: Ctx): Promise<never> {
  return new Promise((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)))
}

/** Ends when the caller is gone, and tells how. */
function held(first: ServerSentEvent = { data: 'first' }) {
  const ended = Promise.withResolvers<unknown>()
  const run: Run = async (ctx) => ({
    stream: (async function* () {
      try {
        yield first
        await untilAborted(ctx)
      } finally {
        ended.resolve(ctx.signal.reason)
      }
    })(),
  })
  return { run, ended: ended.promise }
}

it('closes the connection after a stream when the caller asked for that', async () => {
  const { url } = await start(
    answers(async () => ({
      stream: (async function* () {
        yield { data: 'one' }
      })(),
    })),
  )
  const body = '{"prompt":"hi"}'
  const head = `POST /v1/answers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer writer\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  const answer = await exchange(Number(new URL(url).port), `${head}Connection: close\r\n\r\n${body}`)
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(answer).toMatch(/\r\nConnection: close\r\n/i)
  expect(answer).toContain('data: one')
})

describe('a streaming route', () => {
  it('sends each event as the standard writes it, with headers that let no proxy hold it back', async () => {
    const run: Run = async () => ({
      stream: events({ data: '{"a":1}' }, { event: 'delta', id: '7', data: 'one\ntwo\r\nthree' }, { data: '[DONE]' }),
      headers: { 'x-model': 'small' },
    })
    const { url } = await start(answers(run))
    const response = await ask(url, { headers: { ...writer, 'accept-encoding': 'gzip' } })
    expect(await response.text()).toBe(
      'data: {"a":1}\n\nevent: delta\nid: 7\ndata: one\ndata: two\ndata: three\n\ndata: [DONE]\n\n',
    )
    expect(response.status).toBe(200)
    const { headers } = response
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(headers.get('cache-control')).toBe('no-store, no-transform')
    expect(headers.get('x-accel-buffering')).toBe('no')
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-model')).toBe('small')
    expect(headers.get('x-ratelimit-remaining')).not.toBeNull()
  })

  it('sends an event when it is there, not when the next one is', async () => {
    const released = Promise.withResolvers<void>()
    const run: Run = async () => ({
      stream: (async function* () {
        yield { data: 'first' }
        await released.promise
        yield { data: 'second' }
      })(),
    })
    const { url } = await start(answers(run))
    const reader = (await ask(url)).body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: first\n\n')
    released.resolve()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: second\n\n')
  })

  it('may answer the same request with plain JSON, in the form it declares', async () => {
    const run: Run = async (_ctx, { body }) =>
      body.stream === true
        ? { stream: events({ data: 'x' }) }
        : { json: { text: 'x' }, headers: { 'x-model': 'small' } }
    const { url } = await start(answers(run))
    const response = await ask(url)
    expect([response.status, await response.json()]).toEqual([200, { text: 'x' }])
    expect(response.headers.get('content-type')).toContain('application/json')
    expect(response.headers.get('x-model')).toBe('small')
    expect(await (await ask(url, { body: '{"prompt":"hi","stream":true}' })).text()).toBe('data: x\n\n')
  })

  it('without an event is an empty stream', async () => {
    const { url } = await start(answers(async () => ({ stream: events() })))
    const response = await ask(url)
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  it('is given the headers it names and no others, and the body in the bytes that were sent', async () => {
    const seen: unknown[] = []
    const route = streamRoute({
      ...answers(async () => ({ json: {} })),
      headers: z.object({ 'x-version': z.string().max(5).optional(), 'x-beta': z.string().optional() }),
      body: z.looseObject({}),
      response: z.object({}),
      run: async (_ctx, { headers, bytes }) => {
        seen.push(headers, Buffer.from(bytes).toString())
        return { json: {} }
      },
    })
    const { url } = await start(route)
    const body = '{ "a" : 1.0, "é": "\\u00e9" }'
    await ask(url, { body, headers: { ...writer, 'x-version': '1', 'x-other': '2' } })
    expect(seen).toEqual([{ 'x-version': '1' }, body])
    const wrong = await ask(url, { body, headers: { ...writer, 'x-version': 'too long' } })
    expect([wrong.status, await wrong.json()]).toMatchObject([400, { code: 'INVALID_PARAMETERS' }])
  })
})

describe('a failure of a stream', () => {
  interface Attempt {
    readonly body?: string
    readonly authorization?: string
  }

  it.each([
    ['a wrong key', { authorization: 'Bearer stolen' }, 401, 'UNAUTHENTICATED'],
    ['another scope', { authorization: 'Bearer reader' }, 403, 'INSUFFICIENT_SCOPE'],
    ['bad JSON', { body: '{' }, 400, 'BAD_JSON'],
    ['a forged prototype', { body: '{"__proto__":{}}' }, 400, 'BAD_JSON'],
    ['a wrong field', { body: '{"promt":"hi"}' }, 400, 'INVALID_PARAMETERS'],
    ['a body over the bound', { body: JSON.stringify({ prompt: 'x'.repeat(300) }) }, 413, 'LIMIT_EXCEEDED'],
    ['an empty wallet', {}, 402, 'OUT_OF_CREDITS'],
  ])(
    'before the first byte, such as %s, is a status and a body of the form of the route',
    async (_what, { body = '{"prompt":"hi"}', ...changes }: Attempt, ...expected) => {
      const run: Run = async () => {
        throw new Failure('payment_required', 'Top up.', { code: 'OUT_OF_CREDITS' })
      }
      const { url } = await start(answers(run, { bodyBytesMax: 200 }))
      const response = await ask(url, { body, headers: { ...writer, ...changes, 'x-request-id': 'r1' } })
      const told: unknown = await response.json()
      expect([response.status, told]).toMatchObject([
        expected[0],
        { type: 'error', code: expected[1], request_id: 'r1' },
      ])
      expect(response.headers.get('www-authenticate') !== null).toBe([401, 403].includes(response.status))
    },
  )

  it('of the first event is no stream that began well', async () => {
    const run: Run = async () => ({
      stream: (async function* () {
        yield* events()
        throw new Failure('upstream', 'The provider did not answer.', { retryAfterSeconds: 3 })
      })(),
    })
    const { url, metrics } = await start(answers(run))
    const response = await ask(url)
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'INTEGRATION_ERROR' }])
    expect(response.headers.get('retry-after')).toBe('3')
    expect(await metrics.exposition()).toContain('failures_total{surface="http",kind="upstream"} 1')
  })

  it('after the first byte is the last event, made by the route, and counted by its kind', async () => {
    const run: Run = async () => ({
      stream: (async function* () {
        yield { data: 'first' }
        throw new Failure('payment_required', 'Nothing is left.', { code: 'OUT_OF_CREDITS' })
      })(),
    })
    const { url, metrics } = await start(answers(run))
    const response = await ask(url)
    expect([response.status, await response.text()]).toEqual([
      200,
      'data: first\n\nevent: error\ndata: {"code":"OUT_OF_CREDITS"}\n\n',
    ])
    expect(await metrics.exposition()).toContain('failures_total{surface="http",kind="payment_required"} 1')
  })

  it('that is a bug shows an id and nothing else, before the first byte and after', async () => {
    let logged = ''
    const logTo = { write: (line: string) => void (logged += line) }
    const errorEvent: StreamRoute['errorEvent'] = (error) => ({ data: JSON.stringify(error) })
    const failing =
      (first: ServerSentEvent[]): Run =>
      async () => ({
        stream: (async function* () {
          yield* first
          throw new TypeError('select secret_column')
        })(),
      })
    for (const [first, status] of [
      [[], 500],
      [[{ data: 'first' }], 200],
    ] as const) {
      const { url } = await start(answers(failing([...first]), { errorEvent }), { logTo })
      const response = await ask(url)
      const text = await response.text()
      expect([response.status, text]).toEqual([status, expect.stringContaining('INTERNAL_ERROR')])
      expect(text).not.toMatch(/secret_column|TypeError/)
    }
    expect(logged.match(/secret_column/g)).not.toBeNull()
  })
})

describe('the deadline of a stream', () => {
  it.each([
    ['the first event', { firstSeconds: 0.05 }, false],
    ['the next event', { idleSeconds: 0.05 }, true],
    ['the end', { wholeSeconds: 0.1 }, true],
  ])('for %s ends it, and tells the producer', async (_what, deadline, isOpen) => {
    const ended = Promise.withResolvers<unknown>()
    const run: Run = async (ctx) => ({
      stream: (async function* () {
        try {
          if (isOpen) yield { data: 'first' }
          await untilAborted(ctx)
        } finally {
          ended.resolve(ctx.signal.reason)
        }
      })(),
    })
    const { url } = await start(answers(run, { deadline }))
    const response = await ask(url)
    expect(response.status).toBe(isOpen ? 200 : 504)
    expect(await response.text()).toContain(isOpen ? 'event: error\ndata: {"code":"TIMEOUT"}' : 'TIMEOUT')
    expect(await ended.promise).toMatchObject({ kind: 'timeout' })
  })

  it('holds for an answer in JSON too', async () => {
    const { url } = await start(answers(untilAborted, { deadline: { firstSeconds: 0.05 } }))
    expect((await ask(url)).status).toBe(504)
  })
})

describe('a silent stream', () => {
  it('is kept alive by comments', async () => {
    const { run } = held()
    const { port } = await start(answers(run, { heartbeatSeconds: 0.01 }))
    const res = await askSlowly(port)
    let text = ''
    for await (const chunk of res.setEncoding('utf8')) {
      text += String(chunk)
      if (text.endsWith(': keep-alive\n\n: keep-alive\n\n')) break
    }
    expect(text).toMatch(/^data: first\n\n(: keep-alive\n\n)+$/)
  })

  it('opens without a first event where the route wants that; a failure is an event then', async () => {
    const { url } = await start(
      answers(async (ctx) => ({ stream: failingLater(ctx) }), {
        opensAfterSeconds: 0.01,
        deadline: { firstSeconds: 0.1 },
      }),
    )
    const response = await ask(url)
    expect([response.status, await response.text()]).toEqual([
      200,
      ': keep-alive\n\nevent: error\ndata: {"code":"TIMEOUT"}\n\n',
    ])
    async function* failingLater(ctx: Ctx): AsyncGenerator<ServerSentEvent> {
      yield await untilAborted(ctx)
    }
  })
})

describe('the reader of a stream', () => {
  /** Produces until it is stopped. */
  function flood(count: number) {
    const ended = Promise.withResolvers<{ made: number; reason: unknown }>()
    const progress = { made: 0 }
    const run: Run = async (ctx) => ({
      stream: (async function* () {
        try {
          for (; progress.made < count; progress.made++) yield { data: String(progress.made).padEnd(64 * 1024) }
        } finally {
          ended.resolve({ made: progress.made, reason: ctx.signal.reason })
        }
      })(),
    })
    return { run, progress, ended: ended.promise }
  }

  it('who is slow sets the pace of the producer, and gets everything', async () => {
    const { run, progress } = flood(400)
    const { port } = await start(answers(run))
    const res = await askSlowly(port)
    let text = ''
    let lead = 0
    for await (const chunk of res.setEncoding('utf8')) {
      text += String(chunk)
      lead = Math.max(lead, progress.made * 64 * 1024 - text.length)
      await new Promise(setImmediate)
    }
    expect(text.match(/data: \d+/g)?.map((line) => Number(line.slice(6)))).toEqual(
      Array.from({ length: 400 }, (_, at) => at),
    )
    // What the kernel's socket buffers hold, and no more.
    expect(lead).toBeLessThan(16 * 1024 * 1024)
  })

  it('who reads nothing stops the producer, and is cut off after a while', async () => {
    const { run, ended } = flood(1_000_000)
    const { port, metrics } = await start(answers(run, { deadline: { readerSeconds: 0.2 } }))
    const res = await askSlowly(port)
    const { made, reason } = await ended
    expect(made * 64 * 1024).toBeLessThan(16 * 1024 * 1024)
    expect(reason).toMatchObject({ kind: 'cancelled', message: 'The caller read nothing for 0.2 seconds.' })
    await expect(res.toArray()).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(await metrics.exposition()).toContain('kind="cancelled"} 1')
  })

  it('who leaves ends the producer at once, wherever it is, and is counted once', async () => {
    const { run, ended } = held()
    const { port, metrics } = await start(answers(run))
    const res = await askSlowly(port)
    res.destroy()
    expect(await ended).toMatchObject({ kind: 'cancelled', message: 'The caller disconnected.' })
    const requests = 'http_requests_total{method="POST",route="/v1/answers",status="200"} 1'
    await vi.waitFor(async () => expect((await metrics.exposition()).includes(requests)).toBe(true))
  })
})

describe('a stop', () => {
  it('waits for a stream that ends in time', async () => {
    const released = Promise.withResolvers<void>()
    const run: Run = async () => ({
      stream: (async function* () {
        yield { data: 'first' }
        await released.promise
        yield { data: 'last' }
      })(),
    })
    const { surface, port } = await start(answers(run))
    const res = await askSlowly(port)
    const closed = surface.close(5)
    released.resolve()
    expect((await res.setEncoding('utf8').toArray()).join('')).toBe('data: first\n\ndata: last\n\n')
    expect(await closed).toBe(0)
  })

  it('ends a stream at its deadline with a last event, and waits for what the producer still has to do', async () => {
    const told = Promise.withResolvers<void>()
    let isSettled = false
    const run: Run = async (ctx) => ({
      stream: (async function* () {
        try {
          yield { data: 'first' }
          await untilAborted(ctx)
        } finally {
          await told.promise
          isSettled = true
        }
      })(),
    })
    const { surface, port } = await start(answers(run))
    const res = await askSlowly(port)
    const closed = surface.close(0)
    expect((await res.setEncoding('utf8').toArray()).join('')).toBe(
      'data: first\n\nevent: error\ndata: {"code":"UNAVAILABLE"}\n\n',
    )
    told.resolve()
    expect([await closed, isSettled]).toEqual([0, true])
  })
})

describe('the walls of a route', () => {
  it('hold for a stream: a read-only key, a key of another server, the limit of a key', async () => {
    const bound = (bounds: Principal['bounds']): Principal => ({
      tenantId: 't',
      actor: { kind: 'key', id: 'k', name: 'k' },
      scopes: new Set(['customers:write']),
      ...(bounds && { bounds }),
    })
    const route = { ...answers(async () => ({ json: { text: '' } })), server: 'models' }
    const statusOf = async (bounds: Principal['bounds']) => {
      const { url } = await start(route, {
        authenticate: () => bound(bounds),
        env: { RATE_LIMIT_PER_KEY_PER_MINUTE: '1' },
      })
      return [(await ask(url)).status, (await ask(url)).status]
    }
    expect(await statusOf({ readOnly: true })).toEqual([403, 429])
    expect(await statusOf({ servers: new Set(['customers']) })).toEqual([403, 429])
    expect(await statusOf({ servers: new Set(['models']) })).toEqual([200, 429])
  })

  it('tell the audit trail of each stream when it ends, and how', async () => {
    const noteAccess = vi.fn()
    const failing = async function* () {
      yield { data: 'first' }
      throw new Failure('upstream', 'It broke off.')
    }
    const run: Run = async (_ctx, { body }) => ({ stream: body.prompt === 'fail' ? failing() : events({ data: 'x' }) })
    const { url } = await start(answers(run), { noteAccess })
    await (await ask(url)).text()
    await (await ask(url, { body: '{"prompt":"fail"}' })).text()
    await ask(url, { headers: { ...writer, authorization: 'Bearer reader' } })
    await vi.waitFor(() => expect(noteAccess).toHaveBeenCalledTimes(3))
    const noted = noteAccess.mock.calls.map(
      ([, , action, , status]: unknown[]) => `${String(action)}: ${String(status)}`,
    )
    const action = 'http.POST /v1/answers'
    expect(new Set(noted)).toEqual(new Set([`${action}: ok`, `${action}: upstream`, `${action}: forbidden`]))
  })

  it('measure the whole duration and the time to the first byte', async () => {
    const { url, metrics } = await start(answers(async () => ({ stream: events({ data: 'x' }) })))
    await (await ask(url)).text()
    const requests = 'http_requests_total{method="POST",route="/v1/answers",status="200"} 1'
    await vi.waitFor(async () => expect((await metrics.exposition()).includes(requests)).toBe(true))
    expect(await metrics.exposition()).toContain('http_stream_first_byte_seconds_count{route="/v1/answers"} 1')
  })
})

it('the OpenAPI document says that a route streams, and what else it answers', async () => {
  const { url } = await start(answers(async () => ({ json: {} })))
  const document: unknown = await (await fetch(`${url}/api/v1/openapi.json`)).json()
  const content = { 'text/event-stream': {}, 'application/json': { schema: { required: ['text'] } } }
  expect(document).toMatchObject({
    paths: { '/v1/answers': { post: { responses: { '200': { content }, '4XX': {} } } } },
  })
})
