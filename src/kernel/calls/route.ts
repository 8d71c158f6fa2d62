import type { Logger } from 'pino'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Ctx } from '../context.ts'
import type { Scope } from '../principal.ts'
import type { Failure } from '../failure.ts'
import type { Operation } from './operation.ts'

interface RouteShape<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/track`, `/api/v1/clients/:client_id`. */
  readonly path: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly scope: Scope
  /** Whether it works on the caller's own records; a credential that acts for no person is then refused. */
  readonly personal?: boolean
  /** Default: `default`. */
  readonly limit?: LimitClass
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly response: R
  readonly status?: number
  /** `bare` sends the response as it is, for external formats; the default is `{ data, meta }`. */
  readonly envelope?: 'standard' | 'bare'
  /** The content type of a bare response that is not JSON. */
  readonly contentType?: string
  readonly bodyBytesMax?: number
  /**
   * Whether the operation itself checks how deep and large its open body is, and its values, item by item: one bad item
   * then refuses no other. Default: the surface refuses the whole body.
   */
  readonly checksBody?: boolean
  /**
   * The field of the body with the API key of a request without `Authorization`: a page that is being left can send no
   * header. Its JSON may then be labelled `text/plain`, which needs no preflight.
   */
  readonly keyInBody?: string
  readonly run: (
    ctx: Ctx,
    request: { params: z.output<P>; query: z.output<Q>; body: z.output<B> },
  ) => Promise<z.input<R>>
}

/** An HTTP route as data, independent of the HTTP framework. */
export interface Route extends Omit<RouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'> {
  /** Its scope and those of every operation that it calls. */
  readonly scopes: readonly Scope[]
  /** Whether it may change data; a read-only credential is then refused. */
  readonly changes: boolean
  /** For a route on an operation: the schema of path, query and body merged, which `run` receives. */
  readonly input?: z.ZodObject
  /** Fields of `input` that this route does not accept. */
  readonly without?: readonly string[]
  /** The MCP server of its module, for credentials with bounds; set when routes are mounted. */
  readonly server?: string
  readonly run: (ctx: Ctx, request: unknown) => Promise<unknown>
}

/** The address and response form of a route; scope, schemas and work are the operation's. */
interface Address<I extends z.ZodObject>
  extends Pick<
    Route,
    | 'method'
    | 'summary'
    | 'tags'
    | 'limit'
    | 'status'
    | 'envelope'
    | 'contentType'
    | 'bodyBytesMax'
    | 'checksBody'
    | 'keyInBody'
  > {
  /** `/api/v1/clients/:client_id`: a part that begins with a colon is a field of the operation's input. */
  readonly path: string
  /** Fields of the operation's input that this route does not accept. */
  readonly without?: readonly Extract<keyof I['shape'], string>[]
}

/**
 * Declares a route: an operation with an HTTP address. Path, query and body are merged, converted from text, and parsed
 * once by the operation's input. An open input (`z.looseObject`), for an external format, is the body alone.
 */
export function route<I extends z.ZodObject, O extends z.ZodType>(
  operation: Operation<I, O>,
  address: Address<I>,
): Route {
  // safe because: the HTTP surface parses with the operation's own input before it calls `run`.
  return routeOf(operation, address as unknown as Address<z.ZodObject>)
}

function routeOf(operation: Operation, address: Address<z.ZodObject>): Route {
  const { scope, scopes, effect, input, output, personal } = operation
  const { method, path, without = [] } = address
  if (input.def.catchall instanceof z.ZodUnknown) return ofBody(operation, address)
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '')
  const unknown = inPath.filter((name) => !(name in input.shape))
  if (unknown.length > 0) throw new Error(`${method} ${path}: its input has no field ${unknown.join(', ')}.`)
  const others = Object.keys(input.shape).filter((name) => !inPath.includes(name) && !without.includes(name))
  const part = (names: readonly string[]) =>
    z.strictObject(Object.fromEntries(names.map((name) => [name, field(input, name)])))
  return {
    ...address,
    scope,
    scopes,
    personal,
    input,
    response: output,
    changes: effect !== 'read',
    ...(inPath.length > 0 && { params: part(inPath) }),
    ...(others.length > 0 && { [hasBody(method) ? 'body' : 'query']: part(others) }),
    // safe because: the HTTP surface parses with `input` before it calls `run`.
    run: (ctx, given) => operation(ctx, given as z.output<z.ZodObject>),
  }
}

function ofBody(operation: Operation, address: Address<z.ZodObject>): Route {
  const { scope, scopes, effect, input, output, personal } = operation
  if (address.path.includes(':') || !hasBody(address.method)) {
    throw new Error(`${address.method} ${address.path}: an open input is a body, and nothing of it is in the path.`)
  }
  return {
    ...address,
    scope,
    scopes,
    personal,
    body: input,
    response: output,
    changes: effect !== 'read',
    // safe because: the HTTP surface parses with `body` before it calls `run`.
    run: (ctx, given) => operation(ctx, (given as { readonly body: z.output<z.ZodObject> }).body),
  }
}

/** Whether requests of this method carry fields in the body rather than in the query. */
export const hasBody = (method: Route['method']): boolean => ['POST', 'PUT', 'PATCH'].includes(method)

function field(input: z.ZodObject, name: string): z.ZodType {
  // safe because: the fields of an object schema made by Zod are its full types.
  return input.shape[name] as z.ZodType
}

/**
 * The rate-limit class of a route. `strict`: credentials that people type. `lenient`: pages and cheap requests.
 * `flood`: requests that programs of many people send from one address with credentials that cannot be guessed; only
 * the limit per address applies.
 */
export type LimitClass = 'strict' | 'default' | 'lenient' | 'flood'

/** An unauthenticated request to an open route. */
export interface OpenRequest {
  readonly requestId: string
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly log: Logger
  /** The caller's IP address, as reported by trusted proxies. */
  readonly address: string
  readonly headers: Headers
}

/** The response of an open route. */
export interface OpenAnswer<R> {
  readonly body: R
  readonly status?: number
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

interface OpenRouteShape<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>
  extends Omit<RouteShape<P, Q, B, R>, 'scope' | 'personal' | 'limit' | 'run'> {
  /** Why it is public. */
  readonly public: string
  readonly limit: LimitClass
  readonly run: (
    request: OpenRequest,
    input: { params: z.output<P>; query: z.output<Q>; body: z.output<B> },
  ) => Promise<OpenAnswer<z.input<R>>>
}

/** A public HTTP route, such as sign-in. */
export interface OpenRoute extends Omit<OpenRouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'> {
  readonly run: (
    request: OpenRequest,
    input: { params: unknown; query: unknown; body: unknown },
  ) => Promise<OpenAnswer<unknown>>
}

/** Declares an open route. */
export function openRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  shape: OpenRouteShape<P, Q, B, R>,
): OpenRoute {
  // safe because: the HTTP surface parses params, query and body with these schemas before it calls `run`.
  return shape as unknown as OpenRoute
}

/** Paths whose handler takes and returns web-standard requests and responses: the auth library and pages. */
export interface WebMount {
  readonly name: string
  readonly methods: readonly ('GET' | 'POST')[]
  /** `/sign-in`, or `/auth/*` for everything beneath. */
  readonly path: string
  /** Why it is public. */
  readonly public: string
  readonly limit: LimitClass
  readonly answer: (request: Request, from: Pick<OpenRequest, 'requestId' | 'address' | 'signal'>) => Promise<Response>
  /** Whether people open it in a browser. A refused request is then answered by a page. */
  readonly isPage?: boolean
  /** The response to a request refused before the handler runs; default: the API's error body. */
  readonly refuse?: (failure: Failure) => Response
}
