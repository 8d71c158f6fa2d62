import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Described } from './operation.ts'
import type { Route } from './route.ts'

/** How long a connection may last, in seconds. */
export interface SocketDeadline {
  /** Without a message in either direction. Default: 300. */
  readonly idleSeconds: number
  /** A caller that takes nothing for so long is cut off. Default: 30. */
  readonly readerSeconds: number
  /** Everything; the caller connects again. Default: 3600. */
  readonly wholeSeconds: number
}

/** One open connection. */
export interface SocketCall<P, Q, M, S> {
  readonly params: P
  readonly query: Q
  /**
   * What the caller sends, in order. A message of another form, or over the limit, is answered with an error and left
   * out. Ends when the caller leaves or the process stops.
   */
  readonly messages: AsyncIterable<M>
  /** Resolves when the message is on its way; rejects when the caller is gone, or reads nothing for too long. */
  send(message: S): Promise<void>
}

interface SocketRouteShape<P extends z.ZodObject, Q extends z.ZodObject, M extends z.ZodType, S extends z.ZodType>
  extends Pick<Route, 'path' | 'summary' | 'tags' | 'scope' | 'personal' | 'limit'> {
  /** The name of what is spoken, which a caller that names any subprotocol must name: `plimsoll.chat.v1`. */
  readonly protocol: string
  /** The operations that it may call, whose scopes are asked for too. */
  readonly calls?: readonly Described[]
  readonly params?: P
  readonly query?: Q
  /** A message of the caller, as JSON. */
  readonly receives: M
  /** A message to the caller, as JSON. */
  readonly sends: S
  /** Default: 65,536. */
  readonly messageBytesMax?: number
  readonly deadline?: Partial<SocketDeadline>
  /** The caller is pinged, and their credential checked, so often; also with each message. Default: 20. */
  readonly pingSeconds?: number
  /** The connection is closed when it resolves, and with the code 4000 + status of the failure that it throws. */
  readonly run: (ctx: Ctx, call: SocketCall<z.output<P>, z.output<Q>, z.output<M>, z.input<S>>) => Promise<void>
}

/** A WebSocket route (RFC 6455), as data. One of whose scopes is `:write` is closed to read-only keys. */
export interface SocketRoute
  extends Omit<SocketRouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'>,
    Pick<Route, 'scopes' | 'changes' | 'server'> {
  /** Of the request that is upgraded. */
  readonly method: 'GET'
  readonly run: (ctx: Ctx, call: SocketCall<unknown, unknown, unknown, unknown>) => Promise<void>
}

/** Declares a WebSocket route. `ctx.signal` is aborted when the caller leaves, a deadline passes or the process stops. */
export function socketRoute<P extends z.ZodObject, Q extends z.ZodObject, M extends z.ZodType, S extends z.ZodType>(
  shape: SocketRouteShape<P, Q, M, S>,
): SocketRoute {
  const { scope, calls = [] } = shape
  const scopes = [...new Set([scope, ...calls.flatMap((called) => called.scopes)])]
  const changes = scopes.some((each) => each.endsWith(':write'))
  // safe because: the HTTP surface parses params, query and messages with these schemas before `run` sees them.
  return { ...shape, method: 'GET', scopes, changes } as unknown as SocketRoute
}
