import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { ToolCallStatus } from '#kernel/calls/call-tool'
import { Failure } from '#kernel/failure'
import { plainTool } from '../support/plain-tool.ts'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { KEYS, demoServer, startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'
import { META, legacy, modern, send } from './post.ts'

let aborted = Promise.withResolvers<void>()
let started = Promise.withResolvers<void>()

/** A tool that reports when it starts and when it is cancelled. */
const longTool = plainTool({
  name: 'take_long',
  title: 'Take long',
  describe: 'Runs until it is released or cancelled.',
  effect: 'read',
  scope: 'demo:read',
  input: z.object({}),
  output: z.object({}),
  run: (ctx) =>
    new Promise((_resolve, reject) => {
      ctx.signal.addEventListener('abort', () => {
        aborted.resolve()
        reject(ctx.signal.reason)
      })
      started.resolve()
    }),
})

const steppingTool = plainTool({
  name: 'count_steps',
  title: 'Count steps',
  describe: 'Tells of two steps.',
  effect: 'read',
  scope: 'demo:read',
  input: z.object({}),
  output: z.object({ steps: z.int() }),
  run: async (_ctx, _input, interaction) => {
    interaction.progress(1, 2, 'one')
    interaction.progress(2, 2)
    return { steps: 2 }
  },
})

/** A tool that fails with the given kind. */
const failingTool = plainTool({
  name: 'fail_with',
  title: 'Fail with',
  describe: 'Fails in the way that is asked for.',
  effect: 'read',
  scope: 'demo:read',
  input: z.object({ kind: z.enum(['payment_required', 'unprocessable']) }),
  output: z.object({}),
  run: async (_ctx, { kind }) => {
    throw new Failure(kind, `This is ${kind}.`)
  },
})

/** A tool with arguments of every type, which returns them. */
const typedTool = plainTool({
  name: 'take_types',
  title: 'Take types',
  describe: 'Returns its arguments.',
  effect: 'read',
  scope: 'demo:read',
  input: z.strictObject({
    text: z.string().optional().describe('One'),
    cleared: z.string().nullable().optional().describe('One'),
    count: z.int().min(1).optional().describe('One'),
    share: z.number().optional().describe('One'),
    isOn: z.boolean().optional().describe('One'),
    tags: z.array(z.string()).optional().describe('One'),
    place: z.strictObject({ city: z.string() }).optional().describe('One'),
  }),
  output: z.looseObject({}),
  run: async (_ctx, input) => input,
})

let server: RunningServer
const finished: (readonly [string, ToolCallStatus])[] = []
let settled = Promise.withResolvers<void>()
beforeAll(async () => {
  const toolsets = { ...demoServer.toolsets, slow: [longTool, steppingTool, failingTool, typedTool] }
  server = await startMcpServer({
    servers: [{ ...demoServer, toolsets }],
    observer: {
      started: () => undefined,
      finished: (name, status) => {
        finished.push([name, status])
        settled.resolve()
      },
    },
  })
})
afterAll(() => server[Symbol.asyncDispose]())

const errorOf = async (name: string, args: Record<string, unknown> = {}) => {
  const { status, body } = await send(server, modern('tools/call', { name, arguments: args }))
  expect(status).toBe(200)
  expect(body['result']?.['isError']).toBe(true)
  const text: unknown = body['result']?.['content']?.['0']?.['text']
  const { error }: { error: unknown } = JSON.parse(typeof text === 'string' ? text : 'null')
  return error
}

describe('the error that a model reads', () => {
  it('names every invalid argument, with what was expected and an example', async () => {
    expect(await errorOf('write_down', { count: 99, textt: 'x' })).toMatchInlineSnapshot(`
      {
        "code": "INVALID_PARAMETERS",
        "kind": "invalid",
        "message": "The arguments of write_down are wrong. Correct them and call again.",
        "problems": [
          {
            "expected": "string, and it is required",
            "path": "text",
          },
          {
            "example": 1,
            "expected": "number to be <=9",
            "path": "count",
          },
          {
            "expected": "no such argument; there are: text, count",
            "path": "textt",
          },
        ],
      }
    `)
  })

  it('has only an id for a bug, and nothing internal', async () => {
    const error = await errorOf('break_down')
    expect(error).toMatchObject({ kind: 'internal', errorId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  it('says how to ask for less when a result is too long', async () => {
    expect(await errorOf('say_too_much')).toMatchObject({
      kind: 'too_large',
      message: expect.stringContaining('cursor'),
    })
  })

  it.each([
    ['payment_required', 'PAYMENT_REQUIRED'],
    ['unprocessable', 'UNPROCESSABLE'],
  ])('has the kind %s and its code, which is also counted', async (kind, code) => {
    expect(await errorOf('fail_with', { kind })).toEqual({ kind, code, message: `This is ${kind}.` })
    expect(finished.at(-1)).toEqual(['fail_with', kind])
  })

  it('says that the deadline has passed, and the tool is stopped', async () => {
    expect(await errorOf('wait_for_abort')).toMatchObject({ kind: 'timeout', code: 'TIMEOUT' })
    expect(finished.at(-1)).toEqual(['wait_for_abort', 'timeout'])
  })
})

/** Sends a call and disconnects when the tool runs. */
async function disconnect(question: ReturnType<typeof modern>): Promise<void> {
  settled = Promise.withResolvers()
  started = Promise.withResolvers()
  const headers = { 'content-type': 'application/json', authorization: KEYS.ada, ...question.headers }
  const req = request(`${server.url}/mcp`, { method: 'POST', headers })
  req.on('error', () => undefined)
  req.end(JSON.stringify(question.body))
  await started.promise
  req.destroy()
}

describe('a caller that disconnects', () => {
  it('cancels its call in the stateless revision', async () => {
    await disconnect(modern('tools/call', { name: 'take_long', arguments: {} }))
    await settled.promise
    expect(finished.at(-1)).toEqual(['take_long', 'cancelled'])
  })

  it('does not cancel it in the 2025 revisions; a stop of the server does, and counts it as cancelled', async () => {
    await using other = await startMcpServer({ servers: [{ ...demoServer, toolsets: { slow: [longTool] } }] })
    aborted = Promise.withResolvers()
    started = Promise.withResolvers()
    const question = legacy('tools/call', { name: 'take_long', arguments: {} })
    const headers = { 'content-type': 'application/json', authorization: KEYS.ada, ...question.headers }
    const gone = Promise.withResolvers<void>()
    const req = request(`${other.url}/mcp`, { method: 'POST', headers })
    req.on('error', () => undefined)
    req.on('close', gone.resolve)
    req.end(JSON.stringify(question.body))
    await started.promise
    req.destroy()
    await gone.promise
    const listed = await send(other, modern('tools/list'))
    expect(listed.status).toBe(200)
    expect(await Promise.race([aborted.promise.then(() => 'aborted'), Promise.resolve('running')])).toBe('running')
    await other.surface.close(0)
    await aborted.promise
    expect((await send(other, modern('tools/list'))).status).toBe(503)
  })
})

describe('progress', () => {
  const withToken = (meta: Record<string, unknown>) => {
    const question = legacy('tools/call', { name: 'count_steps', arguments: {}, _meta: meta })
    return { ...question, headers: { ...question.headers, accept: 'application/json, text/event-stream' } }
  }

  it('is streamed before the result to a caller that sent a progress token', async () => {
    const { headers, text } = await send(server, withToken({ progressToken: 'mine' }))
    expect(headers['content-type']).toBe('text/event-stream')
    const messages = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? ''))
    expect(messages).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'mine', progress: 1, total: 2, message: 'one' } },
      { method: 'notifications/progress', params: { progressToken: 'mine', progress: 2, total: 2 } },
      { id: 1, result: { structuredContent: { steps: 2 } } },
    ])
  })

  it('keeps the connection of a silent call alive', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    try {
      started = Promise.withResolvers()
      const question = modern('tools/call', { name: 'take_long', arguments: {}, _meta: { ...META, progressToken: 1 } })
      const headers = { 'content-type': 'application/json', authorization: KEYS.ada, ...question.headers }
      const req = request(`${server.url}/mcp`, { method: 'POST', headers })
      req.end(JSON.stringify(question.body))
      await started.promise
      vi.advanceTimersByTime(15_000)
      const [res]: IncomingMessage[] = await once(req, 'response')
      if (res === undefined) throw new Error('no response')
      const [chunk]: unknown[] = await once(res, 'data')
      expect(res.headers['content-type']).toBe('text/event-stream')
      expect(String(chunk)).toBe(': keep-alive\n\n')
      req.destroy()
    } finally {
      vi.useRealTimers()
    }
  })

  it('makes no stream for other callers', async () => {
    const { headers } = await send(server, withToken({}))
    expect(headers['content-type']).toBe('application/json')
  })
})

describe('arguments in the form that some clients send', () => {
  const resultOf = async (args: Record<string, unknown>) => {
    const { body } = await send(server, modern('tools/call', { name: 'take_types', arguments: args }))
    return body['result']
  }

  it('are read where the schema leaves no doubt, and the result says so', async () => {
    const result = await resultOf({
      text: '[1]',
      cleared: null,
      count: '3',
      share: '0.5',
      isOn: 'true',
      tags: '["Work"]',
      place: '{"city":"Kiel"}',
    })
    expect(result?.['structuredContent']).toEqual({
      text: '[1]',
      cleared: null,
      count: 3,
      share: 0.5,
      isOn: true,
      tags: ['Work'],
      place: { city: 'Kiel' },
    })
    expect(JSON.stringify(result?.['content'])).toContain(
      'Note: count was sent as text and is read as number; share was sent as text and is read as number; ' +
        'isOn was sent as text and is read as boolean; tags was sent as text and is read as array; ' +
        'place was sent as text and is read as object.',
    )
  })

  it('lose null where it is not taken', async () => {
    const result = await resultOf({ text: null, count: null, tags: null, cleared: null })
    expect(result?.['structuredContent']).toEqual({ cleared: null })
    expect(JSON.stringify(result?.['content'])).toContain('Note: text was null and is left out; count was')
  })

  it.each([
    [{ count: 'three' }, 'count'],
    [{ count: '0' }, 'count'],
    [{ count: '1.5' }, 'count'],
    [{ count: '9007199254740993' }, 'count'],
    [{ isOn: 'yes' }, 'isOn'],
    [{ tags: 'Work' }, 'tags'],
    [{ tags: '[1]' }, 'tags'],
    [{ tags: '{"0":"Work"}' }, 'tags'],
    [{ place: '{"city":"Kiel","zip":1}' }, 'place'],
    [{ text: 5 }, 'text'],
  ])('are refused where there is doubt: %j', async (args, name) => {
    const result = await resultOf(args)
    expect(result?.['isError']).toBe(true)
    expect(JSON.stringify(result?.['content'])).toContain(name)
  })

  it('are noted for no client that sends the right types', async () => {
    expect(await resultOf({ count: 3 })).toMatchObject({ content: { length: 1 } })
  })
})
