import type { z } from 'zod'
import type { Ctx, Scope } from './context.ts'

interface RouteShape<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/track`, `/api/v1/clients/:client_id`. */
  readonly path: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly scope: Scope
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly response: R
  readonly status?: number
  /** `bare` sends the response as it is, for formats that others define; the default is `{ data, meta }`. */
  readonly envelope?: 'standard' | 'bare'
  readonly bodyBytesMax?: number
  readonly run: (
    ctx: Ctx,
    request: { params: z.output<P>; query: z.output<Q>; body: z.output<B> },
  ) => Promise<z.input<R>>
}

/** One HTTP route, as data: it knows nothing of the HTTP framework. */
export interface Route extends Omit<RouteShape<z.ZodObject, z.ZodObject, z.ZodType, z.ZodType>, 'run'> {
  readonly run: (ctx: Ctx, request: { params: unknown; query: unknown; body: unknown }) => Promise<unknown>
}

/** Declares a route. Types are checked here and erased after; the HTTP surface validates before `run`. */
export function route<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  shape: RouteShape<P, Q, B, R>,
): Route {
  // safe because: the HTTP surface parses params, query and body with these schemas before it calls `run`.
  return shape as unknown as Route
}
