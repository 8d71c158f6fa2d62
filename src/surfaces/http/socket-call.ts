import type { FastifyRequest } from 'fastify'
import type { WebSocket } from 'ws'
import { within } from '#kernel/calls/deadline'
import type { SocketCall, SocketRoute } from '#kernel/calls/socket-route'
import type { OpenContext } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Principal } from '#kernel/principal'
import type { admission } from './authorization.ts'
import { errorBody } from './envelope.ts'
import { reportError } from './errors.ts'
import type { ErrorOptions } from './errors.ts'
import { requireShape } from './mount-route.ts'
import { requestParser } from './request-parts.ts'
import type { OpenSockets } from './open-sockets.ts'
import type { SocketInbox } from './socket-inbox.ts'
import type { SocketLife } from './socket-life.ts'
import type { TrailingWork } from './trailing-work.ts'

export interface SocketOptions extends ErrorOptions {
  readonly admit: ReturnType<typeof admission>
  readonly openContext: OpenContext
  readonly checkAnswers: boolean
  readonly sockets: OpenSockets
  readonly stopped: AbortSignal
  readonly trailing: TrailingWork
}

/** An open WebSocket and its principal. */
export interface Connection {
  readonly ws: WebSocket
  readonly request: FastifyRequest
  readonly principal: Principal
  readonly params: unknown
  readonly query: unknown
}

interface CallParts {
  readonly route: SocketRoute
  readonly connection: Connection
  readonly options: SocketOptions
  readonly inbox: SocketInbox
  readonly life: SocketLife
  readonly readerSeconds: number
  /** Rejects once the credential is no longer valid. */
  readonly check: () => Promise<void>
}

/** The view of a WebSocket that its route gets: checked, counted and parsed messages, and a `send`. */
export function socketCall(parts: CallParts): SocketCall<unknown, unknown, unknown, unknown> {
  const { route, connection, options, inbox, life, check } = parts
  const write = writer(parts)
  const read = messageReader(parts, write)
  return {
    params: connection.params,
    query: connection.query,
    messages: (async function* () {
      for (let text = await inbox.next(); text !== undefined; text = await inbox.next()) {
        life.touch()
        await check()
        yield* await read(text)
      }
    })(),
    async send(message) {
      if (options.checkAnswers) requireShape(route, route.sends, message)
      await write(message)
    },
  }
}

/** Sends a message with backpressure. */
function writer({ connection: { ws }, life, readerSeconds }: CallParts): (message: unknown) => Promise<void> {
  const stalled = () => {
    ws.terminate()
    return new Failure('cancelled', `The caller read nothing for ${readerSeconds} seconds.`)
  }
  const send = (message: unknown) =>
    new Promise<void>((resolve, reject) => {
      ws.send(JSON.stringify(message), (error) => {
        if (error == null) resolve()
        else reject(new Failure('cancelled', 'The caller disconnected.', { cause: error }))
      })
    })
  return (message) => {
    life.touch()
    return within(life.controller, readerSeconds, stalled, () => send(message))
  }
}

/** Counts and parses a message. A refused message is answered with its error, and the result is undefined. */
function messageReader(
  { route, connection: { request, principal }, options }: CallParts,
  write: (message: unknown) => Promise<void>,
): (text: string) => Promise<readonly unknown[]> {
  const parse = requestParser({ body: route.receives })
  return async (text) => {
    try {
      await options.admit.message(principal, route)
      return [parse({ params: {}, query: {}, body: jsonOf(text) }).body]
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      await write(errorBody(reportError(options, error, request).view, request.id, options.clock))
      return []
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Failure('invalid', 'The message is not valid JSON.', { code: 'BAD_JSON', cause })
  }
}
