import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { OperationDescriptor } from './operation.ts'
import type { Route } from './route.ts'

/** How long a connection may last, in seconds. */
export interface SocketDeadline {
  /** Closed after this long without a message in either direction. Default: 300. */
  readonly idleSeconds: number
  /** Closed when the caller reads nothing for this long. Default: 30. */
  readonly readerSeconds: number
  /** Closed after this long in any case; the caller reconnects. Default: 3600. */
  readonly wholeSeconds: number
}

/** An open WebSocket connection. */
export interface SocketCall<P, Q, M, S> {
  readonly params: P
  readonly query: Q
  /**
   * The caller's messages, in order. An invalid or too large message is answered with an error and skipped. Ends when
   * the caller disconnects or the process stops.
   */
  readonly messages: AsyncIterable<M>
  /**
   * Resolves when the message was handed to the network; rejects when the caller has disconnected or reads nothing for
   * too long.
   */
  send(message: S): Promise<void>
}

interface SocketRouteShape<P extends z.ZodObject, Q extends z.ZodObject, M extends z.ZodType, S extends z.ZodType>
  extends Pick<Route, 'path' | 'summary' | 'tags' | 'scope' | 'personal' | 'limit'> {
  /** The WebSocket subprotocol: `plimsoll.chat.v1`. A caller that offers subprotocols must offer this one. */
  readonly protocol: string
  /** The operations that it may call; the caller needs their scopes too. */
  readonly calls?: readonly OperationDescriptor[]
  readonly params?: P
  readonly query?: Q
  /** The schema of the caller's messages (JSON). */
  readonly receives: M
  /** The schema of messages to the caller (JSON). */
  readonly sends: S
  /** Default: 65,536. */
  readonly messageBytesMax?: number
  readonly deadline?: Partial<SocketDeadline>
  /** Interval of pings and of credential checks; the credential is also checked with each message. Default: 20. */
  readonly pingSeconds?: number
  /** The connection is closed when it resolves; when it throws a failure, with the code 4000 + the failure's status. */
  readonly run: (ctx: Ctx, call: SocketCall<z.output<P>, z.output<Q>, z.output<M>, z.input<S>>) => Promise<void>
}

/** A WebSocket route (RFC 6455), as data. Read-only keys may not use a route with a `:write` scope. */
export interface SocketRoute
  extends Omit<SocketRouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'>,
    Pick<Route, 'scopes' | 'changes' | 'server'> {
  /** The method of the upgrade request. */
  readonly method: 'GET'
  readonly run: (ctx: Ctx, call: SocketCall<unknown, unknown, unknown, unknown>) => Promise<void>
}

/**
 * Declares a WebSocket route. `ctx.signal` is aborted when the caller disconnects, a deadline passes or the process
 * stops.
 */
export function socketRoute<P extends z.ZodObject, Q extends z.ZodObject, M extends z.ZodType, S extends z.ZodType>(
  shape: SocketRouteShape<P, Q, M, S>,
): SocketRoute {
  const { scope, calls = [] } = shape
  const scopes = [...new Set([scope, ...calls.flatMap((called) => called.scopes)])]
  const changes = scopes.some((each) => each.endsWith(':write'))
  // safe because: the HTTP surface parses params, query and messages with these schemas before `run` sees them.
  return { ...shape, method: 'GET', scopes, changes } as unknown as SocketRoute
}
