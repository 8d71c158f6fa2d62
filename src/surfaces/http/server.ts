import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { NoteAccess } from '#kernel/audit/access-notes'
import type { Readable } from 'node:stream'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import type { Authenticate } from '#kernel/principal'
import type { OpenContext } from '#kernel/context'
import type { Limiter } from '#kernel/calls/limits'
import type { Metrics } from '#kernel/telemetry/metrics'
import type { OpenRoute, Route, WebMount } from '#kernel/calls/route'
import type { SocketRoute } from '#kernel/calls/socket-route'
import type { StreamRoute } from '#kernel/calls/stream-route'
import type { Tracing } from '#kernel/telemetry/tracing'
import { admission } from './authorization.ts'
import { dataBody } from './envelope.ts'
import { CANCEL_GRACE_MILLISECONDS, drain } from './drain.ts'
import { errorAnswers, refuseUnknown } from './errors.ts'
import { inflated } from './inflate.ts'
import { mountRoute } from './mount-route.ts'
import { mountOpenRoute } from './mount-open-route.ts'
import { mountSocket } from './mount-socket.ts'
import type { SocketMountOptions } from './mount-socket.ts'
import { mountStream } from './mount-stream.ts'
import { mountWeb } from './mount-web.ts'
import { answerParserError, nodeServer } from './node-server.ts'
import type { BareSurface } from './node-server.ts'
import { openSockets } from './open-sockets.ts'
import { openApiDocument } from './openapi.ts'
import { mountProbes } from './probes.ts'
import type { Probes } from './probes.ts'
import { requestIdOf } from './request-id.ts'
import { routeTable } from './route-table.ts'
import { requireStated } from './stated-entry-points.ts'
import { trailingWork } from './trailing-work.ts'
import { upgrades } from './upgrades.ts'
import type { Upgrades } from './upgrades.ts'
import { announceSuccessor, versioned } from './versions.ts'

export interface HttpSurfaceOptions {
  readonly routes: readonly Route[]
  readonly streams?: readonly StreamRoute[]
  readonly sockets?: readonly SocketRoute[]
  /** Routes that need no credential. */
  readonly openRoutes?: readonly OpenRoute[]
  readonly web?: readonly WebMount[]
  readonly authenticate: Authenticate
  readonly openContext: OpenContext
  /** Records reads and refusals in the audit. */
  readonly noteAccess?: NoteAccess
  readonly limiter: Limiter
  readonly metrics: Metrics
  readonly tracing: Tracing
  readonly config: Pick<Config, 'server' | 'observability'>
  readonly log: Logger
  readonly clock: Clock
  readonly probes: Probes
  /** The current `METRICS_TOKEN`. Default: that of `config`. */
  readonly metricsToken?: () => string | undefined
  readonly version: string
  /** The MCP surface, which handles its URLs without the framework. */
  readonly mcp?: BareSurface
  /** The time limits for receiving the headers and the whole request. Default: 10 s and 120 s. */
  readonly patience?: { readonly headersSeconds: number; readonly requestSeconds: number }
}

export interface HttpSurface {
  /** Starts to listen. Rejects when the port is taken, or a mounted path declares neither a scope nor why it is public. */
  listen(): Promise<AddressInfo>
  /**
   * Stops accepting, waits up to the deadline for requests in flight, cancels the rest, and closes every connection.
   * Resolves with the number of connections that were cut.
   */
  close(deadlineSeconds: number): Promise<number>
}

/** The HTTP surface: REST routes, pages, probes, the OpenAPI document, and the port that MCP shares. */
export function createHttpSurface(options: HttpSurfaceOptions): HttpSurface {
  const { config, metrics } = options
  const stop = new AbortController()
  let isStopping = false
  const live = {
    stopped: stop.signal,
    trailing: trailingWork(options.log),
    sockets: openSockets(),
    upgrades: upgrades(),
  }
  const app = framework(options, () => isStopping, live.upgrades)
  const inflaters = new WeakMap<FastifyRequest, Readable>()
  const table = routeTable()
  const admit = admission({ ...options, publicUrl: config.server.publicUrl })

  app.addHook('onRoute', (route) => table.add(route.url, [route.method].flat()))
  app.addHook('preParsing', async (request, _reply, payload) => {
    const body = inflated(request.headers, payload)
    if (body !== payload) inflaters.set(request, body)
    return body
  })
  app.addHook('onSend', async (request, reply, payload) => {
    announceSuccessor(request, reply)
    reply.header('X-Response-Time', `${reply.elapsedTime.toFixed(1)}ms`)
    return payload
  })
  app.addHook('onResponse', async (request, reply) => {
    inflaters.get(request)?.destroy()
    const route = request.is404 ? '(unknown)' : (request.routeOptions.url ?? '(unknown)')
    const { id: requestId, method } = request
    metrics.http.finished(method, route, reply.statusCode, reply.elapsedTime / 1000)
    options.log.debug(
      { requestId, method, route, status: reply.statusCode, milliseconds: reply.elapsedTime },
      'request',
    )
  })
  app.setErrorHandler(errorAnswers(options))
  refuseUnknown(app, table, admit)

  const metricsToken = options.metricsToken ?? (() => config.observability.metricsToken)
  mountProbes(app, { ...options, metricsToken, isStopping: () => isStopping })
  mountDocuments(app, options, admit)
  mountModules(app, options, { ...live, admit })
  metrics.gauge('http_sockets', 'WebSocket connections that are open.', live.sockets.count)

  return {
    async listen() {
      await app.ready()
      requireStated(table.mounted(), options)
      return listen(app.server, config.server.host, config.server.port)
    },
    async close(deadlineSeconds) {
      isStopping = true
      live.sockets.finish()
      const cut = await drain(app.server, { deadlineSeconds, stop, cutSockets: live.sockets.cut })
      await live.trailing.drain(CANCEL_GRACE_MILLISECONDS)
      await app.close()
      return cut
    },
  }
}

/** Enough for a slow phone, and the longest that a slowloris attack can hold a connection. */
const PATIENCE = { headersSeconds: 10, requestSeconds: 120 }

function framework(options: HttpSurfaceOptions, isStopping: () => boolean, asked: Upgrades): FastifyInstance {
  const { config, clock, mcp } = options
  const { trustedProxies, bodyBytesMax } = config.server
  return Fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    requestIdHeader: false,
    genReqId: requestIdOf,
    rewriteUrl: (req) => versioned(req.url ?? '/'),
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    // A field named `__proto__` is refused by its name, in the parsers of the routes.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    frameworkErrors: errorAnswers(options),
    clientErrorHandler: (error, socket) => answerParserError(error, socket, clock),
    serverFactory: (http) =>
      nodeServer({
        guard: config.server,
        clock,
        mcp,
        http,
        upgrades: (options.sockets ?? []).length > 0 ? asked : undefined,
        isStopping,
        patience: options.patience ?? PATIENCE,
      }),
  })
}

function mountModules(
  app: FastifyInstance,
  options: HttpSurfaceOptions,
  own: Pick<SocketMountOptions, 'admit' | 'stopped' | 'trailing' | 'sockets' | 'upgrades'>,
): void {
  const { server } = options.config
  const mount = {
    ...options,
    ...own,
    publicUrl: server.publicUrl,
    timeoutSeconds: server.toolTimeoutSeconds,
    bodyBytesMax: server.bodyBytesMax,
    checkAnswers: ['development', 'test'].includes(server.environment),
  }
  for (const route of options.routes) mountRoute(app, route, mount)
  for (const route of options.streams ?? []) mountStream(app, route, mount)
  for (const route of options.sockets ?? []) mountSocket(app, route, mount)
  for (const route of options.openRoutes ?? []) mountOpenRoute(app, route, mount)
  for (const place of options.web ?? []) mountWeb(app, place, mount)
}

function mountDocuments(app: FastifyInstance, options: HttpSurfaceOptions, admit: ReturnType<typeof admission>): void {
  const { routes, version, config, clock } = options
  const document = JSON.stringify(
    openApiDocument({
      routes: [...routes, ...(options.streams ?? []), ...(options.sockets ?? []), ...(options.openRoutes ?? [])],
      version,
      publicUrl: config.server.publicUrl,
    }),
  )
  app.get('/api/v1/openapi.json', { onRequest: admit.anonymous }, async (_request, reply) => {
    reply.type('application/json; charset=utf-8')
    return document
  })
  app.get('/api/v1/version', { onRequest: admit.anonymous }, async (request) =>
    dataBody({ name: 'plimsoll', version, api: 'v1' }, request.id, clock),
  )
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject)
      // safe because: a server that listens on TCP has an address with a port.
      resolve(server.address() as AddressInfo)
    })
  })
}
