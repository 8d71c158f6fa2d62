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

/** An operation around another: of its scope and effect, with shapes of its own. */
export function around<I extends z.ZodObject, O extends z.ZodType>(
  inner: OperationDescriptor,
  shape: Shape<I, O>,
): Operation<I, O> {
  return operation({ ...shape, scope: inner.scope, effect: inner.effect, calls: [inner] })
}

/** The same operation on the system handle: for rows about people, which belong to no tenant. */
export function onSystem<I extends z.ZodObject, O extends z.ZodType>(
  system: Db,
  inner: Operation<I, O>,
): Operation<I, O> {
  const { input, output } = inner
  return around(inner, { input, output, run: (ctx, given) => inner({ ...ctx, db: system }, given) })
}
