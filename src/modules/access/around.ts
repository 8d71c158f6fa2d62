import type { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Operation, OperationDescriptor } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'

interface Shape<I extends z.ZodObject, O extends z.ZodType> {
  readonly input: I
  readonly output: O
  readonly run: (ctx: Ctx, input: z.output<I>) => Promise<z.output<O>>
}

/** An operation that wraps another: same scope and effect, different input and output schemas. */
export function around<I extends z.ZodObject, O extends z.ZodType>(
  inner: OperationDescriptor,
  shape: Shape<I, O>,
): Operation<I, O> {
  return operation({ ...shape, scope: inner.scope, effect: inner.effect, calls: [inner] })
}

/** The same operation run on the system handle, because rows about people belong to no tenant. */
export function onSystem<I extends z.ZodObject, O extends z.ZodType>(
  system: Db,
  inner: Operation<I, O>,
): Operation<I, O> {
  const { input, output } = inner
  return around(inner, { input, output, run: (ctx, given) => inner({ ...ctx, db: system }, given) })
}
