import type { FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { within } from '#kernel/calls/deadline'
import type { SocketDeadline, SocketRoute } from '#kernel/calls/socket-route'
import { Failure } from '#kernel/failure'
import { credentialCheck } from './credential-check.ts'
import { reportError } from './errors.ts'
import { socketCall } from './socket-call.ts'
import type { Connection, SocketOptions } from './socket-call.ts'
import { socketInbox } from './socket-inbox.ts'
import { socketLife } from './socket-life.ts'

const DEADLINE: SocketDeadline = { idleSeconds: 300, readerSeconds: 30, wholeSeconds: 3600 }
const PING_SECONDS = 20

const CLOSE = { normal: 1000, goingAway: 1001, internalError: 1011 }

/** Serves an open WebSocket until it ends, and closes it. Rejects when it failed; a caller who disconnects is no failure. */
export async function serveSocket(route: SocketRoute, connection: Connection, options: SocketOptions): Promise<void> {
  const { ws, request, principal } = connection
  const { idleSeconds, readerSeconds, wholeSeconds } = { ...DEADLINE, ...route.deadline }
  const { sockets, stopped, trailing } = options
  // Safe because a failed check ends the connection itself.
  const pinged = () => void check().catch(() => undefined)
  const life = socketLife(ws, { idleSeconds, pingSeconds: route.pingSeconds ?? PING_SECONDS, pinged, stopped })
  const { controller } = life
  const check = credentialCheck(route, connection, options, (failure) => controller.abort(failure))
  const inbox = socketInbox(ws)
  const remove = sockets.add({ finish: inbox.end, cut: () => ws.terminate() })
  const call = socketCall({ route, connection, options, inbox, life, readerSeconds, check })
  try {
    const ctx = options.openContext(principal, { requestId: request.id, signal: controller.signal })
    const run = async () => {
      const running = route.run(ctx, call)
      // Safe because its failure becomes that of the connection, unless that has ended already.
      trailing.add(running.catch(() => undefined))
      return running
    }
    await within(controller, wholeSeconds, () => tooLong(wholeSeconds), run)
    ws.close(sockets.isClosing() ? CLOSE.goingAway : CLOSE.normal)
  } catch (error) {
    if (life.isGone()) return
    closeWith(ws, error, request, options)
    throw error
  } finally {
    life.over()
    if (life.isGone()) remove()
    else ws.once('close', remove)
  }
}

function closeWith(ws: WebSocket, error: unknown, request: FastifyRequest, options: SocketOptions): void {
  const { view, failure } = reportError(options, error, request)
  if (options.stopped.aborted) ws.close(CLOSE.goingAway)
  else if (failure === undefined) ws.close(CLOSE.internalError, String(view.details?.['error_id']))
  else ws.close(4000 + failure.status, failure.code)
}

function tooLong(seconds: number): Failure {
  return new Failure('timeout', `A connection lasts ${seconds} seconds at most. Connect again.`)
}
