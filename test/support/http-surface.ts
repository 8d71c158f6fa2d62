import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { pino } from 'pino'
import type { DestinationStream } from 'pino'
import { z } from 'zod'
import { loadConfig } from '../../src/settings.ts'
import type { Ctx } from '#kernel/context'
import type { Principal, Scope } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { createLimiter } from '#kernel/calls/limits'
import { createMetrics } from '#kernel/telemetry/metrics'
import type { Route } from '#kernel/calls/route'
import { noTracing } from '#kernel/telemetry/tracing'
import { createHttpSurface } from '../../src/surfaces/http/server.ts'
import type { HttpSurfaceOptions } from '../../src/surfaces/http/server.ts'

export interface TestSurfaceOptions extends Partial<Omit<HttpSurfaceOptions, 'config' | 'log'>> {
  readonly env?: Readonly<Record<string, string>>
  readonly logTo?: DestinationStream
}

const SCOPES: Readonly<Record<string, readonly Scope[]>> = {
  reader: ['customers:read'],
  writer: ['customers:read', 'customers:write'],
}

/** A listening surface on a free port with the routes of the test. Keys: `reader` and `writer`. */
export async function startSurface(routes: readonly Route[], options: TestSurfaceOptions = {}) {
  const { env, logTo, ...overrides } = options
  const config = loadConfig({ SERVER_PORT: '0', ENVIRONMENT: 'test', ...env })
  const log = logTo === undefined ? pino({ level: 'silent' }) : pino({}, logTo)
  const clock = () => new Date()
  const metrics = createMetrics('1.2.3')
  const surface = createHttpSurface({
    routes,
    authenticate: principalOf,
    // safe because: the routes of these tests use no database, cache or outbox.
    openContext: (principal, request) => ({ ...principal, ...request, clock, log }) as Ctx,
    limiter: createLimiter({ settings: config.limits, log, milliseconds: () => performance.now() }),
    metrics,
    tracing: noTracing,
    config,
    log,
    clock,
    probes: { database: async () => true, ready: async () => [] },
    version: '1.2.3',
    ...overrides,
  })
  const { port } = await surface.listen()
  return { surface, metrics, port, url: `http://127.0.0.1:${port}` }
}

function principalOf(authorization: string | undefined): Principal {
  const key = /^Bearer (\w+)$/.exec(authorization ?? '')?.[1] ?? ''
  const scopes = SCOPES[key]
  if (scopes === undefined) throw new Failure('unauthenticated', 'An API key is needed.')
  return { tenantId: 'ten_1', actor: { kind: 'key', id: key, name: key }, scopes: new Set(scopes) }
}

export const ErrorAnswer = z.strictObject({
  error: z.strictObject({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
    timestamp: z.iso.datetime(),
    request_id: z.string(),
  }),
})

/** The error of an answer, after checking that it has the error envelope. */
export async function errorOf(response: Response) {
  return ErrorAnswer.parse(await response.json()).error
}

/** Sends a request with headers that `fetch` forbids, such as `Host`. */
export function rawRequest(url: string, headers: Readonly<Record<string, string>>, method = 'GET') {
  return new Promise<{ status: number; headers: Readonly<Record<string, unknown>>; body: string }>(
    (resolve, reject) => {
      httpRequest(url, { headers, method }, (res) => {
        let body = ''
        res.setEncoding('utf8')
        res.on('data', (chunk: string) => {
          body += chunk
        })
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }))
      })
        .on('error', reject)
        .end()
    },
  )
}

/** Writes bytes to the port and resolves with everything that came back once the server has closed the connection. */
export function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      received += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
}
