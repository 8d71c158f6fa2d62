import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { WebSocketServer } from 'ws'
import type { SocketRoute } from '#kernel/calls/socket-route'
import { Failure } from '#kernel/failure'
import { errorBody } from './envelope.ts'
import type { MountOptions } from './mount-route.ts'
import type { OpenSockets } from './open-sockets.ts'
import { requestParser } from './request-parts.ts'
import { routeGuard } from './route-guard.ts'
import { serveSocket } from './serve-socket.ts'
import type { SocketOptions } from './socket-call.ts'
import { takeSubprotocols } from './subprotocols.ts'
import type { Upgrades } from './upgrades.ts'

export interface SocketMountOptions extends MountOptions, SocketOptions {
  readonly upgrades: Upgrades
  readonly sockets: OpenSockets
}

const MESSAGE_BYTES_MAX = 65_536

/** Mounts a WebSocket route. What is refused before the upgrade gets an ordinary HTTP error. */
export function mountSocket(app: FastifyInstance, route: SocketRoute, options: SocketMountOptions): void {
  const parse = requestParser(route)
  const guard = routeGuard(route, options)
  const maxPayload = route.messageBytesMax ?? MESSAGE_BYTES_MAX
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload })
  server.on('headers', (lines, { headers }) => void lines.push(`X-Request-ID: ${String(headers['x-request-id'])}`))
  app.route({
    method: 'GET',
    url: route.path,
    exposeHeadRoute: false,
    onRequest: async (request, reply) => {
      takeSubprotocols(request.raw, route.protocol)
      await guard.admit(request, reply)
    },
    handler: async (request, reply) => {
      const principal = guard.principalOf(request)
      const { params, query } = parse({ params: request.params, query: request.query, body: undefined })
      const upgrade = options.upgrades.of(request.raw)
      if (upgrade === undefined || !isHandshake(request)) return upgradeRequired(request, reply, options)
      if (options.sockets.isClosing()) throw new Failure('unavailable', 'The server is stopping. Connect again.')
      reply.hijack()
      server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (ws) => {
        // The framework's response never finishes.
        ws.once('close', () => options.metrics.http.finished('GET', route.path, 101, reply.elapsedTime / 1000))
        const call = { ws, request, principal, params, query }
        const ended = guard
          .noted(request, principal, () => serveSocket(route, call, options))
          .then(() => guard.note(request, principal, 'ok'))
        // Safe because the failure was already sent to the caller, logged and recorded for the audit.
        options.trailing.add(ended.catch(() => undefined))
      })
      return reply
    },
  })
}

const KEY = /^[+/0-9A-Za-z]{22}==$/

function isHandshake({ headers }: FastifyRequest): boolean {
  return headers['sec-websocket-version'] === '13' && KEY.test(headers['sec-websocket-key'] ?? '')
}

/** 426 Upgrade Required (RFC 9110, 15.5.22): the path exists only for WebSocket. */
function upgradeRequired(request: FastifyRequest, reply: FastifyReply, { clock }: SocketMountOptions): FastifyReply {
  const message = 'This path takes WebSocket connections (RFC 6455, version 13) and nothing else.'
  const view = { status: 426, code: 'UPGRADE_REQUIRED', message }
  return reply
    .headers({ Upgrade: 'websocket', Connection: 'Upgrade, close', 'Sec-WebSocket-Version': '13' })
    .code(view.status)
    .send(errorBody(view, request.id, clock))
}
