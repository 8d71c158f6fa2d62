import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Ctx } from '../context.ts'
import type { Scope } from '../principal.ts'
import type { Failure } from '../failure.ts'

interface RouteShape<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/track`, `/api/v1/clients/:client_id`. */
  readonly path: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly scope: Scope
  /** It works on the caller's own things: whoever acts for no person is refused. */
  readonly personal?: boolean
  /** Default: `default`. */
  readonly limit?: LimitClass
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly response: R
  readonly status?: number
  /** `bare` sends the response as it is, for formats that others define; the default is `{ data, meta }`. */
  readonly envelope?: 'standard' | 'bare'
  /** Of a bare response that is not JSON. */
  readonly contentType?: string
  readonly bodyBytesMax?: number
  readonly run: (
    ctx: Ctx,
    request: { params: z.output<P>; query: z.output<Q>; body: z.output<B> },
  ) => Promise<z.input<R>>
}

/** One HTTP route, as data: it knows nothing of the HTTP framework. */
export interface Route extends Omit<RouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'> {
  /** The MCP server that its module brings, for credentials that are bound to servers; set where routes are mounted. */
  readonly server?: string
  readonly run: (ctx: Ctx, request: { params: unknown; query: unknown; body: unknown }) => Promise<unknown>
}

/** Declares a route. Types are checked here and erased after; the HTTP surface validates before `run`. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  shape: RouteShape<P, Q, B, R>,
): Route {
  // safe because: the HTTP surface parses params, query and body with these schemas before it calls `run`.
  return shape as unknown as Route
}

/**
 * How many requests of one caller a route bears: `strict` for credentials that people type, `lenient` for pages and what
 * is cheap, `flood` for what programs of many people ask from one address with credentials that nobody guesses: there
 * the limit of the address alone holds.
 */
export type LimitClass = 'strict' | 'default' | 'lenient' | 'flood'

/** Who asks, where nobody has said who they are. */
export interface OpenRequest {
  readonly requestId: string
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  /** As trusted proxies tell it. */
  readonly address: string
  readonly headers: Headers
}

/** The answer of an open route, where it is more than a body. */
export interface OpenAnswer<R> {
  readonly body: R
  readonly status?: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

interface OpenRouteShape<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>
  extends Omit<RouteShape<P, Q, B, R>, 'scope' | 'personal' | 'limit' | 'run'> {
  /** Why it asks for no scope. */
  readonly public: string
  readonly limit: LimitClass
  readonly run: (
    request: OpenRequest,
    input: { params: z.output<P>; query: z.output<Q>; body: z.output<B> },
  ) => Promise<OpenAnswer<z.input<R>>>
}

/** One HTTP route that answers whoever asks, such as sign-in. */
export interface OpenRoute extends Omit<OpenRouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'> {
  readonly run: (
    request: OpenRequest,
    input: { params: unknown; query: unknown; body: unknown },
  ) => Promise<OpenAnswer<unknown>>
}

/** Declares an open route, as `route` declares the others. */
export function openRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  shape: OpenRouteShape<P, Q, B, R>,
): OpenRoute {
  // safe because: the HTTP surface parses params, query and body with these schemas before it calls `run`.
  return shape as unknown as OpenRoute
}

/** Paths that are answered whole, as web requests: those of the auth library, and pages. */
export interface WebMount {
  readonly name: string
  readonly methods: readonly ('GET' | 'POST')[]
  /** `/sign-in`, or `/auth/*` for everything beneath. */
  readonly path: string
  /** Why it asks for no scope. */
  readonly public: string
  readonly limit: LimitClass
  readonly answer: (request: Request, from: Pick<OpenRequest, 'requestId' | 'address' | 'signal'>) => Promise<Response>
  /** The answer to a request that is refused before it gets here; by default that of the API. */
  readonly refuse?: (failure: Failure) => Response
}
