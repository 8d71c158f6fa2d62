import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createMetrics } from './metrics.ts'
import { queryObserver } from './observation.ts'
import { createTracing, noTracing } from './tracing.ts'

const Spans = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({
        attributes: z.array(
          z.object({ key: z.string(), value: z.looseObject({ stringValue: z.string().optional() }) }),
        ),
      }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              status: z.object({ code: z.number().optional(), message: z.string().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
})
type Payload = z.output<typeof Spans>

const payloads: Payload[] = []
const collector = createServer((req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    const body = Buffer.concat(chunks)
    const text = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    if (req.url === '/v1/traces') payloads.push(Spans.parse(JSON.parse(text.toString())))
    res.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
})
let endpoint = ''

beforeAll(async () => {
  collector.listen(0, '127.0.0.1')
  await once(collector, 'listening')
  // safe because: a TCP server that listens has an address with a port.
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
})
afterAll(() => {
  collector.close()
})

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const caller = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }

const spansOf = (traceId: string) =>
  payloads
    .flatMap((payload) => payload.resourceSpans)
    .flatMap((resource) => resource.scopeSpans)
    .flatMap((scope) => scope.spans)
    .filter((span) => span.traceId === traceId)

describe('tracing to a collector', () => {
  it('sends tool and query as one trace below the caller, and passes the context on', async () => {
    const tracing = createTracing({ settings: { traceEndpoint: endpoint, traceSampleShare: 0 }, version: '1.2.3' })
    const observe = queryObserver(createMetrics('1.2.3'), tracing)
    let outgoing: Record<string, string> = {}
    await tracing.span(
      'tool score',
      { 'mcp.tool.name': 'score' },
      async () => {
        await Promise.resolve()
        const finished = observe.started('customers.find')
        await Promise.resolve()
        finished(true)
        outgoing = tracing.outgoing()
      },
      caller,
    )
    await tracing.close()

    const [query, tool] = spansOf(TRACE)
    expect(tool).toMatchObject({ name: 'tool score', parentSpanId: '00f067aa0ba902b7' })
    expect(query).toMatchObject({ name: 'query customers.find', parentSpanId: tool?.spanId, status: { code: 2 } })
    expect(outgoing['traceparent']).toBe(`00-${TRACE}-${tool?.spanId}-01`)
    expect(payloads[0]?.resourceSpans[0]?.resource.attributes).toContainEqual({
      key: 'service.name',
      value: { stringValue: 'plimsoll' },
    })
  })

  it('tells that a span failed, but not what the message said', async () => {
    const tracing = createTracing({ settings: { traceEndpoint: `${endpoint}/`, traceSampleShare: 1 }, version: '1' })
    const traceId = 'a'.repeat(32)
    const work = tracing.span(
      'tool broken',
      {},
      async () => {
        throw new TypeError('ada@example.com is not a function')
      },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    )
    await expect(work).rejects.toThrow('ada@example.com')
    await tracing.close()
    expect(spansOf(traceId)).toMatchObject([{ name: 'tool broken', status: { code: 2, message: 'TypeError' } }])
    expect(JSON.stringify(payloads)).not.toContain('ada@example.com')
  })

  it('drops what the share leaves out, and ignores a malformed context', async () => {
    const tracing = createTracing({ settings: { traceEndpoint: endpoint, traceSampleShare: 0 }, version: '1' })
    const before = payloads.length
    await tracing.span('tool quiet', {}, async () => 1, { traceparent: 42, tracestate: 'nonsense' })
    await tracing.close()
    expect(payloads).toHaveLength(before)
  })
})

describe('tracing without an endpoint', () => {
  it('is off, runs the work as it is, and carries nothing on', () => {
    const tracing = createTracing({ settings: { traceEndpoint: undefined, traceSampleShare: 1 }, version: '1' })
    expect(tracing).toBe(noTracing)
    expect(tracing.span('tool score', {}, () => 42, caller)).toBe(42)
    expect(tracing.outgoing()).toEqual({})
  })
})

describe('a collector that does not answer', () => {
  it('does not fail the stop, nor hold it up', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    // safe because: a server that listens on TCP has a port.
    const { port } = silent.address() as AddressInfo
    const tracing = createTracing({
      settings: { traceEndpoint: `http://127.0.0.1:${port}`, traceSampleShare: 1 },
      version: 'test',
    })
    await tracing.span('lost', {}, () => undefined)
    await expect(tracing.close()).resolves.toBeUndefined()
    silent.closeAllConnections()
    silent.close()
  }, 5000)
})
