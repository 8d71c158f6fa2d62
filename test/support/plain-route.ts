import type { z } from 'zod'
import type { Route } from '#kernel/calls/route'
import type { Ctx } from '#kernel/context'

interface PlainRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>
  extends Omit<Route, 'scopes' | 'changes' | 'input' | 'without' | 'params' | 'query' | 'body' | 'response' | 'run'> {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly response: R
  readonly run: (
    ctx: Ctx,
    request: { params: z.output<P>; query: z.output<Q>; body: z.output<B> },
  ) => Promise<z.input<R>>
}

/** A test route without an operation: path, query and body are parsed separately. */
export function plainRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, R extends z.ZodType>(
  shape: PlainRoute<P, Q, B, R>,
): Route {
  const changes = shape.method !== 'GET' || shape.scope.endsWith(':write')
  // safe because: the HTTP surface parses params, query and body with these schemas before it calls `run`.
  return { scopes: [shape.scope], changes, ...shape } as unknown as Route
}
