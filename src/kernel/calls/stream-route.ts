import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { OperationDescriptor } from './operation.ts'
import type { Route } from './route.ts'

/** A server-sent event. Only `data` may have several lines. */
export interface ServerSentEvent {
  readonly event?: string
  readonly data: string
  readonly id?: string
}

/** The response of a streaming route: events, or one JSON document for a caller that wants no stream. */
export type StreamAnswer = ({ readonly stream: AsyncIterable<ServerSentEvent> } | { readonly json: unknown }) & {
  readonly headers?: Readonly<Record<string, string>>
}

/** An error as shown to the caller. A bug has status 500 and the id of its log line in `details`. */
export interface StreamError {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly requestId: string
}

/** How long a stream may take, in seconds. */
export interface StreamDeadline {
  /** From the start to the first event, or to the whole JSON response. Default: 60. */
  readonly firstSeconds: number
  /** From one event to the next, not counting the reader's time. Default: 60. */
  readonly idleSeconds: number
  /** Closed when the caller reads nothing for this long. Default: 30. */
  readonly readerSeconds: number
  /** The whole stream. Default: no limit. */
  readonly wholeSeconds?: number
}

interface StreamRouteShape<P extends z.ZodObject, Q extends z.ZodObject, H extends z.ZodObject, B extends z.ZodType>
  extends Pick<Route, 'path' | 'summary' | 'tags' | 'scope' | 'personal' | 'limit' | 'bodyBytesMax'> {
  readonly method: 'GET' | 'POST'
  /** The operations that it may call; the caller needs their scopes too. */
  readonly calls?: readonly OperationDescriptor[]
  readonly params?: P
  readonly query?: Q
  /** The request headers it receives, by lower-case name. */
  readonly headers?: H
  readonly body?: B
  /** The schema of the JSON response. Absent: it always streams. */
  readonly response?: z.ZodType
  readonly deadline?: Partial<StreamDeadline>
  /** Interval of comments that keep a silent stream alive. Default: 10. */
  readonly heartbeatSeconds?: number
  /**
   * Sends the headers and a comment after this long without an event, for proxies that cut silent connections; a later
   * failure is then sent as an event. Default: the headers wait for the first event.
   */
  readonly opensAfterSeconds?: number
  /** The response body of a request that fails before the first byte. */
  readonly errorBody: (error: StreamError) => unknown
  /** The last event of a stream that fails. */
  readonly errorEvent: (error: StreamError) => ServerSentEvent
  readonly run: (
    ctx: Ctx,
    request: {
      params: z.output<P>
      query: z.output<Q>
      headers: z.output<H>
      body: z.output<B>
      /** The raw body, for forwarding unchanged. */
      bytes: Uint8Array
    },
  ) => Promise<StreamAnswer>
}

/** An HTTP route that responds with server-sent events, as data. */
export interface StreamRoute
  extends Omit<StreamRouteShape<z.ZodObject, z.ZodObject, z.ZodObject, z.ZodType>, 'run'>,
    Pick<Route, 'scopes' | 'changes' | 'server'> {
  readonly run: (
    ctx: Ctx,
    request: { params: unknown; query: unknown; headers: unknown; body: unknown; bytes: Uint8Array },
  ) => Promise<StreamAnswer>
}

/**
 * Declares a streaming route. `ctx.signal` is aborted when the caller disconnects, a deadline passes or the process
 * stops. The stream's iterator is then returned, so that a generator's `finally` always runs.
 */
export function streamRoute<P extends z.ZodObject, Q extends z.ZodObject, H extends z.ZodObject, B extends z.ZodType>(
  shape: StreamRouteShape<P, Q, H, B>,
): StreamRoute {
  const { method, scope, calls = [] } = shape
  const scopes = [...new Set([scope, ...calls.flatMap((called) => called.scopes)])]
  const changes = method !== 'GET' || scopes.some((each) => each.endsWith(':write'))
  // safe because: the HTTP surface parses params, query, headers and body with these schemas before it calls `run`.
  return { ...shape, scopes, changes } as unknown as StreamRoute
}
