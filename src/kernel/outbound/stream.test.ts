import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createOutbound } from './outbound.ts'
import type { OutboundOptions } from './outbound.ts'
import type { OutboundCall } from './outbound-call.ts'
import type { OutboundStream, OutboundStreamRequest } from './stream.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

async function serve(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(port, host), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  return (server.address() as AddressInfo).port
}

const call = { integration: 'test', endpoint: 'answers', accept: ['text/event-stream'] }
const open = (port: number, request: Partial<OutboundStreamRequest> = {}, options: OutboundOptions = {}) =>
  createOutbound({ allowLoopback: true, ...options }).stream({ url: `http://127.0.0.1:${port}/`, ...call, ...request })

/** Says what the test tells it to say, in a body that the test ends. */
async function speaker() {
  const answering = Promise.withResolvers<ServerResponse>()
  const port = await serve((_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    answering.resolve(res)
  })
  return { port, answer: answering.promise }
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no failure',
    (error: Error) => error.message.replace(/127\.0\.0\.1:\d+/, 'HOST'),
  )

async function textOf({ body }: OutboundStream): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}

describe('a streamed answer', () => {
  it('is read as it comes, with its status and headers before', async () => {
    const { port, answer } = await speaker()
    const { status, headers, body } = await open(port)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    const parts = body[Symbol.asyncIterator]()
    const res = await answer
    for (const said of ['data: one\n\n', 'data: t', 'wo\n\n']) {
      res.write(said)
      expect(Buffer.from((await parts.next()).value ?? []).toString()).toBe(said)
    }
    res.end()
    expect((await parts.next()).done).toBe(true)
  })

  it('answers what was sent, byte for byte, and asks for no compression', async () => {
    const seen: unknown[] = []
    const port = await serve((req, res) => {
      const parts: Buffer[] = []
      req.on('data', (part: Buffer) => parts.push(part))
      req.on('end', () => {
        seen.push(req.method, req.headers['accept-encoding'], req.headers['x-beta'], Buffer.concat(parts))
        res.setHeader('content-type', 'text/event-stream').end()
      })
    })
    const body = Buffer.from([0x7b, 0xc3, 0xa9, 0xff, 0x7d])
    await textOf(await open(port, { method: 'POST', body, headers: { 'x-beta': '1' } }))
    expect(seen).toEqual(['POST', 'identity', '1', body])
  })

  it('of 4xx and 5xx is handed on, whatever its type', async () => {
    const port = await serve((_req, res) => res.writeHead(429, { 'content-type': 'application/json' }).end('{"a":1}'))
    const answer = await open(port)
    expect([answer.status, await textOf(answer)]).toEqual([429, '{"a":1}'])
  })

  it('is read no faster than asked for: the server waits', async () => {
    let sent = 0
    const blocked = Promise.withResolvers<void>()
    const port = await serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      const more = (): void => {
        while (sent < 400) {
          sent += 1
          if (res.write('x'.repeat(64 * 1024))) continue
          res.once('drain', more)
          if (sent > 10) blocked.resolve()
          return
        }
        res.end()
      }
      more()
    })
    const { body } = await open(port)
    await blocked.promise
    let received = 0
    let lead = 0
    for await (const part of body) {
      received += part.length
      lead = Math.max(lead, sent * 64 * 1024 - received)
      await new Promise(setImmediate)
    }
    expect(received).toBe(400 * 64 * 1024)
    // What the kernel's socket buffers hold, and no more.
    expect(lead).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('a server that misbehaves', () => {
  it.each([
    ['of another type', { 'content-type': 'text/html' }, 'The server at HOST did not answer with text/event-stream.'],
    [
      'compressed',
      { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' },
      'The server at HOST answered in an encoding that was not asked for.',
    ],
  ])('by an answer that is %s is refused, and let go', async (_what, headers, message) => {
    const closed = Promise.withResolvers<void>()
    const port = await serve((req, res) => {
      req.socket.once('close', closed.resolve)
      res.writeHead(200, headers).write(gzipSync('x'))
    })
    expect(await failureOf(open(port))).toBe(message)
    await closed.promise
  })

  it('by silence is given up at the time for headers, or for the next part', async () => {
    const silent = await serve(() => undefined)
    expect(await failureOf(open(silent, { headersSeconds: 0.05 }))).toBe(
      'The server at HOST sent nothing for 0.05 seconds.',
    )
    const { port, answer } = await speaker()
    const stalling = await open(port, { idleSeconds: 0.05 })
    const res = await answer
    res.write('data: one\n\n')
    const closed = once(res, 'close')
    expect(await failureOf(textOf(stalling))).toBe('The server at HOST sent nothing for 0.05 seconds.')
    await closed
  })

  it('by trickling goes on for longer than the time for a part, as long as something comes', async () => {
    const port = await serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      let count = 0
      const timer = setInterval(() => {
        res.write('.')
        count += 1
        if (count < 20) return
        clearInterval(timer)
        res.end()
      }, 20)
    })
    expect(await textOf(await open(port, { idleSeconds: 0.3 }))).toBe('.'.repeat(20))
  })

  it('by dying in the middle of the body is an answer that could not be read', async () => {
    const { port, answer } = await speaker()
    const dying = await open(port)
    const res = await answer
    res.write('data: one\n\n', () => res.destroy())
    const parts = dying.body[Symbol.asyncIterator]()
    expect(Buffer.from((await parts.next()).value ?? []).toString()).toBe('data: one\n\n')
    expect(await failureOf(parts.next())).toBe('The answer of the server at HOST could not be read.')
  })

  it('by more than its bound is cut off', async () => {
    const { port, answer } = await speaker()
    const answered = await open(port, { bytesMax: 10 })
    ;(await answer).write('x'.repeat(11))
    expect(await failureOf(textOf(answered))).toBe('The server at HOST answered with more than 10 bytes.')
  })

  it.each(['http://169.254.169.254/latest/', 'http://10.0.0.1/', '/elsewhere'])(
    'by a redirect to %s is not followed',
    async (location) => {
      let asked = 0
      const port = await serve((_req, res) => {
        asked += 1
        res.writeHead(302, { location }).end()
      })
      expect(await failureOf(open(port))).toBe('The server at HOST answered with a redirect, which is not followed.')
      expect(asked).toBe(1)
    },
  )
})

describe('the address of a streamed call', () => {
  it('is judged like that of any other call', async () => {
    await expect(open(0, { url: 'https://10.0.0.1/' })).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' })
    await expect(open(1, {}, { allowLoopback: false })).rejects.toMatchObject({ code: 'URL_NOT_ALLOWED' })
    const resolve = async () => [{ address: '10.0.0.7', family: 4 }]
    const inside = open(1, { url: 'https://models.example.com/' }, { resolve, allowLoopback: false })
    expect(await failureOf(inside)).toBe('The server at models.example.com could not be reached.')
  })

  it('is asked for once: the connection goes to the address that was checked', async () => {
    const say =
      (text: string): RequestListener =>
      (_req, res) =>
        res.setHeader('content-type', 'text/event-stream').end(text)
    const port = await serve(say('checked'))
    await serve(say('rebound'), '127.0.0.2', port)
    const answers = ['127.0.0.1', '127.0.0.2', '127.0.0.2']
    let asked = 0
    const resolve = async () => [{ address: answers[asked++] ?? '', family: 4 }]
    const answer = await open(port, { url: `http://rebind.example.com:${port}/` }, { resolve })
    expect([await textOf(answer), asked]).toEqual(['checked', 1])
  })
})

describe('a streamed call', () => {
  it('closes its connection when its caller leaves before there is an answer, and is not begun after', async () => {
    const leaving = new AbortController()
    const closed = Promise.withResolvers<void>()
    const port = await serve((req) => {
      req.socket.once('close', closed.resolve)
      leaving.abort()
    })
    await expect(open(port, { signal: leaving.signal })).rejects.toMatchObject({ kind: 'cancelled' })
    await closed.promise
    await expect(open(port, { signal: leaving.signal })).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it.each([
    ['a part is on the way', true],
    ['nobody reads', false],
  ])('closes its connection when its caller leaves while %s', async (_when, isReading) => {
    const leaving = new AbortController()
    const { port, answer } = await speaker()
    const answered = await open(port, { signal: leaving.signal })
    const closed = once(await answer, 'close')
    const reading = isReading ? textOf(answered) : undefined
    leaving.abort()
    await expect(reading ?? textOf(answered)).rejects.toMatchObject({ kind: 'cancelled' })
    await closed
  })

  it.each(['leaves the loop', 'closes the answer'])('closes its connection when its reader %s', async (how) => {
    const { port, answer } = await speaker()
    const answered = await open(port)
    const res = await answer
    const closed = once(res, 'close')
    res.write('data: one\n\n')
    if (how === 'closes the answer') answered.close()
    else for await (const _part of answered.body) break
    await closed
  })

  it('is told to the observer once, at its end, however it ends', async () => {
    const observe = vi.fn<(call: OutboundCall) => void>()
    const { port, answer } = await speaker()
    const answered = await open(port, {}, { observe })
    expect(observe).not.toHaveBeenCalled()
    ;(await answer).end()
    await textOf(answered)
    answered.close()
    const dying = await serve((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write('x', () => res.destroy())
    })
    await failureOf(open(dying, {}, { observe }).then(textOf))
    await failureOf(open(1, { url: 'https://10.0.0.1/' }, { observe }))
    expect(observe.mock.calls.map(([{ host, status }]) => [host, status])).toEqual([
      [`127.0.0.1:${port}`, '2xx'],
      [`127.0.0.1:${dying}`, 'upstream'],
      ['10.0.0.1', 'invalid'],
    ])
  })
})
