import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { createTracing } from '#kernel/telemetry/tracing'
import { errorOf, rawRequest, startSurface } from '../../../test/support/http-surface.ts'

const key = { authorization: 'Bearer reader' }

/** A route whose work ends when the test says so, or when it is told to stop. */
function heldRoute() {
  const begun = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  const cancelled = Promise.withResolvers<unknown>()
  const held = plainRoute({
    method: 'GET',
    path: '/api/v1/held',
    summary: 'Held',
    tags: ['test'],
    scope: 'customers:read',
    response: z.object({ done: z.boolean() }),
    run: async (ctx) => {
      begun.resolve()
      ctx.signal.addEventListener('abort', () => cancelled.resolve(ctx.signal.reason))
      await released.promise
      return { done: true }
    },
  })
  return { held, begun: begun.promise, release: released.resolve, cancelled: cancelled.promise }
}

describe('a stop', () => {
  it('lets what is in flight finish, says not ready meanwhile, and takes nothing new', async () => {
    const { held, begun, release } = heldRoute()
    const { surface, url, port } = await startSurface([held])
    const inFlight = fetch(`${url}/api/v1/held`, { headers: key })
    await begun
    const closed = surface.close(5)
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed')
    release()
    const response = await inFlight
    expect(await response.json()).toMatchObject({ data: { done: true } })
    expect(await closed).toBe(0)
  })

  it('cancels what is not done by the deadline, and tells the caller so', async () => {
    const { held, begun, cancelled } = heldRoute()
    const { surface, url } = await startSurface([held])
    const inFlight = fetch(`${url}/api/v1/held`, { headers: key })
    await begun
    const closed = surface.close(0)
    const response = await inFlight
    expect([response.status, (await errorOf(response)).code]).toEqual([503, 'UNAVAILABLE'])
    expect(await cancelled).toBeInstanceOf(Failure)
    expect(await closed).toBe(0)
  })

  it('cuts idle connections at once', async () => {
    const { surface, url } = await startSurface([])
    await (await fetch(`${url}/version`)).text()
    expect(await surface.close(30)).toBe(0)
  })
})

describe('a request', () => {
  it('is cancelled when the caller leaves', async () => {
    const { held, begun, cancelled } = heldRoute()
    const { surface, url } = await startSurface([held])
    const leaving = new AbortController()
    const inFlight = fetch(`${url}/api/v1/held`, { headers: key, signal: leaving.signal }).catch(() => 'left')
    await begun
    leaving.abort()
    expect(await inFlight).toBe('left')
    expect(await cancelled).toMatchObject({ kind: 'cancelled' })
    await surface.close(1)
  })

  it('is cancelled at its deadline, and says how long that was', async () => {
    const { held } = heldRoute()
    const { surface, url } = await startSurface([held], { env: { TOOL_TIMEOUT_SECONDS: '1' } })
    const response = await fetch(`${url}/api/v1/held`, { headers: key })
    expect(response.status).toBe(504)
    expect((await errorOf(response)).message).toContain('within 1 seconds')
    await surface.close(1)
  })

  it('over the limit of its key is refused with the time to wait', async () => {
    const { held, release } = heldRoute()
    release()
    const { surface, url } = await startSurface([held], { env: { RATE_LIMIT_PER_KEY_PER_MINUTE: '2' } })
    const answers = []
    for (let call = 0; call < 3; call++) answers.push(await fetch(`${url}/api/v1/held`, { headers: key }))
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 429])
    expect(answers.map((answer) => answer.headers.get('x-ratelimit-remaining'))).toEqual(['1', '0', '0'])
    expect(answers.map((answer) => answer.headers.get('x-ratelimit-limit'))).toEqual(['2', '2', '2'])
    const [, , refused] = answers
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(50)
    if (refused === undefined) throw new Error('three answers came')
    expect(await errorOf(refused)).toMatchObject({
      code: 'RATE_LIMIT_EXCEEDED',
      details: { retry_after: expect.any(Number) },
    })
    await surface.close(1)
  })

  it('without a valid key counts against its address, as a trusted proxy tells it, and hurts no valid key', async () => {
    const { held, release } = heldRoute()
    release()
    const env = { RATE_LIMIT_PER_IP_PER_MINUTE: '1', TRUSTED_PROXIES: '127.0.0.1' }
    const { surface, url } = await startSurface([held], { env })
    const guess = (address: string) =>
      rawRequest(`${url}/api/v1/held`, { authorization: 'Bearer wrong', 'x-forwarded-for': address })
    expect((await guess('203.0.113.7')).status).toBe(401)
    expect((await guess('203.0.113.7')).status).toBe(429)
    expect((await guess('203.0.113.8')).status).toBe(401)
    expect((await guess('2001:db8:1:2:aaaa::1')).status).toBe(401)
    expect((await guess('2001:db8:1:2:bbbb::1')).status).toBe(429)
    // With a port, in brackets or after something unreadable it is the same address.
    for (const same of ['203.0.113.8:4001', '[2001:db8:1:2:cccc::1]:4002', '198.51.100.1, _hidden, 203.0.113.8'])
      expect((await guess(same)).status, same).toBe(429)
    // Whoever the proxy does not name counts as the proxy.
    expect((await guess('unknown')).status).toBe(401)
    for (const unnamed of ['', '_1', 'unknown:4001', '203.0.113.9, _2'])
      expect((await guess(unnamed)).status, unnamed).toBe(429)
    const valid = await rawRequest(`${url}/api/v1/held`, { ...key, 'x-forwarded-for': '203.0.113.7' })
    expect(valid.status).toBe(200)
    await surface.close(1)
  })

  it('continues the trace of its caller', async () => {
    const bodies: string[] = []
    const collector = createServer((req, res) => {
      req.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk))
      req.on('end', () => res.end('{}'))
    }).listen(0, '127.0.0.1')
    await once(collector, 'listening')
    // safe because: a TCP server that listens has an address with a port.
    const traceEndpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
    const tracing = createTracing({ settings: { traceEndpoint, traceSampleShare: 0 }, version: '1' })
    const { held, release } = heldRoute()
    release()
    const { surface, url } = await startSurface([held], { tracing })
    const traceparent = `00-${'c'.repeat(32)}-00f067aa0ba902b7-01`
    await fetch(`${url}/api/v1/held`, { headers: { ...key, traceparent } })
    await tracing.close()
    await surface.close(1)
    collector.close()
    expect(bodies.join('')).toContain('c'.repeat(32))
    expect(bodies.join('')).toContain('GET /api/v1/held')
  })
})

describe('a port', () => {
  it('that is taken is an error at start', async () => {
    const { surface, port } = await startSurface([])
    await expect(startSurface([], { env: { SERVER_PORT: String(port) } })).rejects.toThrow('EADDRINUSE')
    await surface.close(1)
  })
})
