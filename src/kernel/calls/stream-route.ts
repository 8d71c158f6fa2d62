import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Described } from './operation.ts'
import type { Route } from './route.ts'

/** One server-sent event. `data` may have several lines; `event` and `id` have one. */
export interface ServerSentEvent {
  readonly event?: string
  readonly data: string
  readonly id?: string
}

/** The answer of a streaming route: events, or one JSON document for a caller that wants no stream. */
export type StreamAnswer = ({ readonly stream: AsyncIterable<ServerSentEvent> } | { readonly json: unknown }) & {
  readonly headers?: Readonly<Record<string, string>>
}

/** What went wrong, as the caller may know it. A bug has the status 500 and the id of its log line in `details`. */
export interface StreamError {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly requestId: string
}

/** How long a stream may take, in seconds. */
export interface StreamDeadline {
  /** From the start to the first event, or to the whole JSON answer. Default: 60. */
  readonly firstSeconds: number
  /** From one event to the next, without the time that the reader takes. Default: 60. */
  readonly idleSeconds: number
  /** A reader that takes nothing for so long is cut off. Default: 30. */
  readonly readerSeconds: number
  /** Everything. Default: no bound. */
  readonly wholeSeconds?: number
}

interface StreamRouteShape<P extends z.ZodObject, Q extends z.ZodObject, H extends z.ZodObject, B extends z.ZodType>
  extends Pick<Route, 'path' | 'summary' | 'tags' | 'scope' | 'personal' | 'limit' | 'bodyBytesMax'> {
  readonly method: 'GET' | 'POST'
  /** The operations that it may call, whose scopes are asked for too. */
  readonly calls?: readonly Described[]
  readonly params?: P
  readonly query?: Q
  /** The request headers it reads, by their names in lower case; the others are not handed on. */
  readonly headers?: H
  readonly body?: B
  /** The form of the JSON answer. Absent: it always streams. */
  readonly response?: z.ZodType
  readonly deadline?: Partial<StreamDeadline>
  /** A comment keeps a silent stream alive so often. Default: 10. */
  readonly heartbeatSeconds?: number
  /**
   * Sends the headers and a comment after so long without a first event, for proxies that cut silent connections. From
   * then on a failure is an event. Default: the headers wait for the first event.
   */
  readonly opensAfterSeconds?: number
  /** The body of the answer to a request that fails before the first byte. */
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
      /** The body as it was sent, to be passed on unchanged. */
      bytes: Uint8Array
    },
  ) => Promise<StreamAnswer>
}

/** An HTTP route that answers with server-sent events, as data. */
export interface StreamRoute
  extends Omit<StreamRouteShape<z.ZodObject, z.ZodObject, z.ZodObject, z.ZodType>, 'run'>,
    Pick<Route, 'scopes' | 'changes' | 'server'> {
  readonly run: (
    ctx: Ctx,
    request: { params: unknown; query: unknown; headers: unknown; body: unknown; bytes: Uint8Array },
  ) => Promise<StreamAnswer>
}

/**
 * Declares a streaming route. `ctx.signal` is aborted when the caller leaves, a deadline passes or the process stops; the
 * iterator of the stream is then returned, so that a generator's `finally` runs however the stream ends.
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
