import type { z } from 'zod'
import type { AuditEntry } from '../audit/event.ts'
import { insertEvents } from '../audit/event-row.ts'
import type { CacheTag } from '../cache/tags.ts'
import { makeOperation, requirePermission } from '../calls/operation.ts'
import type { Effect, Operation, OperationDescriptor } from '../calls/operation.ts'
import type { Ctx } from '../context.ts'
import { isTransient } from '../database/errors.ts'
import { transactUnless } from '../database/transact.ts'
import type { Scope } from '../principal.ts'
import { recallResult, rememberResult } from './idempotency.ts'
import { insideChange, openChangeOf, reachable } from './open-change.ts'
import type { OpenChange, WriteCtx } from './open-change.ts'
import type { DomainEvent } from './outbox.ts'
import { retryTransient } from './retry-transient.ts'

export type { WriteCtx } from './open-change.ts'

/** What the work of a change returns: its result, audit data, events and cache tags. */
export interface Changed<Result> extends Partial<Omit<AuditEntry, 'action'>> {
  readonly result: Result
  /** Several audit entries, instead of one from `subject`, `before` and `after`. */
  readonly entries?: readonly AuditEntry[]
  /** Delivered to subscribers only after the commit. */
  readonly events?: readonly DomainEvent[]
  /** Cache tags to invalidate after the commit. */
  readonly invalidates?: readonly CacheTag[]
  /** Rolls back and still returns the result. Not allowed inside another change. */
  readonly rollback?: boolean
  /** The ids, with their previous versions, that it touches. A confirm token is bound to them. */
  readonly touched?: unknown
}

/** How a retried call is recognised and what it returns. The stored value may be smaller than the result. */
export interface Idempotency<Input, Result, Kept> {
  /**
   * Default: `idempotency_key` of the input, per person if the change is personal. A call without a key is never a
   * retry.
   */
  readonly key?: (ctx: Ctx, input: Input) => string | undefined
  readonly keep?: (result: Result) => Kept
  readonly recall?: (ctx: WriteCtx, kept: Kept, input: Input) => Promise<Result>
}

interface ChangeShape<I extends z.ZodObject, O extends z.ZodType, Kept> {
  /** The audit action: `customers.register`. */
  readonly action: string
  readonly scope: Scope
  readonly effect: Exclude<Effect, 'read'>
  readonly input: I
  readonly output: O
  readonly personal?: boolean
  /** The changes that it may call inside its transaction. */
  readonly calls?: readonly OperationDescriptor[]
  readonly idempotency?: Idempotency<z.output<I>, z.output<O>, Kept>
  readonly work: (ctx: WriteCtx, input: z.output<I>) => Promise<Changed<z.output<O>>>
}

/** The preview of a change: its result, and what it would touch. */
export interface Previewed<Result> {
  readonly result: Result
  readonly touched: unknown
}

/** A change as an operation. */
export interface ChangeOperation<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType>
  extends Operation<I, O> {
  readonly action: string
  /** Runs the change and rolls it back. Throws inside another change. */
  preview(ctx: Ctx, input: z.output<I>): Promise<Previewed<z.output<O>>>
  /** Runs the change and commits unless `verify` throws. Throws inside another change. */
  verified(ctx: Ctx, input: z.output<I>, verify: (touched: unknown) => void): Promise<z.output<O>>
}

/**
 * Declares a change, the only way to write: permission, transaction, work, audit rows, events, commit, cache
 * invalidation, in that order. A change called inside another joins its transaction: both commit or neither, together
 * with their audit rows, events and invalidations. If a joined change fails, even if the error is caught, the whole
 * transaction is rolled back; a call refused for lack of permission never joins. Deadlocks and serialization failures
 * are retried three times as a whole, so `work` must not have external side effects. Success is returned only after the
 * commit.
 */
export function change<I extends z.ZodObject, O extends z.ZodType, Kept = z.output<O>>(
  shape: ChangeShape<I, O, Kept>,
): ChangeOperation<I, O> {
  type Input = z.output<I>
  const { action, calls = [] } = shape
  const mayJoin = reachable(calls)

  const outermost = async (ctx: Ctx, work: (inside: WriteCtx, open: OpenChange) => Promise<Changed<z.output<O>>>) => {
    const { done, tags } = await retryTransient(ctx.signal, () => inTransaction(ctx, mayJoin, work))
    if (tags.length > 0) await ctx.cache.invalidate(ctx.tenantId, tags)
    return done
  }
  const admitted: Operation<I, O> = makeOperation(shape, async (ctx, input: Input) => {
    const open = openChangeOf(ctx.db)
    if (open !== undefined) return joined(open, admitted, ctx, (inside) => once(shape, open, inside, input))
    return (await outermost(ctx, (inside, own) => once(shape, own, inside, input))).result
  })
  const admitOutermost = (ctx: Ctx) => {
    requirePermission(ctx, admitted.scopes, admitted.personal)
    if (openChangeOf(ctx.db) !== undefined)
      throw new Error(`${action} cannot be previewed or verified inside another change.`)
  }
  return Object.assign(admitted, {
    action,
    async preview(ctx: Ctx, input: Input) {
      admitOutermost(ctx)
      const done = await outermost(ctx, async (inside) => ({ ...(await shape.work(inside, input)), rollback: true }))
      return { result: done.result, touched: done.touched }
    },
    async verified(ctx: Ctx, input: Input, verify: (touched: unknown) => void) {
      admitOutermost(ctx)
      return (await outermost(ctx, (inside, own) => once(shape, own, inside, input, verify))).result
    },
  })
}

async function inTransaction<Result>(
  ctx: Ctx,
  mayJoin: ReadonlySet<OperationDescriptor>,
  work: (inside: WriteCtx, open: OpenChange) => Promise<Changed<Result>>,
): Promise<{ done: Changed<Result>; tags: readonly CacheTag[] }> {
  return transactUnless(ctx.db, async (tx) => {
    const { inside, open } = insideChange(ctx, tx, mayJoin)
    const done = await work(inside, open).catch((error: unknown) => {
      // A transient failure is retried even if the outer work replaced the error.
      throw isTransient(open.failure?.error) ? open.failure?.error : error
    })
    if (open.failure !== undefined) throw open.failure.error
    if (done.rollback === true) return { result: { done, tags: [] }, rollback: true }
    const at = ctx.clock()
    await insertEvents(
      tx,
      ctx.personKeys,
      open.audit.map((event) => ({ ...event, at })),
    )
    if (open.events.length > 0) await ctx.outbox.publish(tx, ctx.tenantId, open.events)
    return { result: { done, tags: [...open.tags] } }
  })
}

/** Runs the work inside an open change. A failure is remembered, so that the whole transaction is rolled back. */
async function joined<Result>(
  open: OpenChange,
  operation: OperationDescriptor & { readonly action?: string },
  ctx: Ctx,
  work: (inside: WriteCtx) => Promise<Changed<Result>>,
): Promise<Result> {
  try {
    if (!open.mayJoin.has(operation))
      throw new Error('A change was called inside one that does not list it in `calls`.')
    if (open.tenantId !== ctx.tenantId) throw new Error('A change of another tenant was called inside a change.')
    // safe because: the handle of an open change is its transaction.
    const done = await work(ctx as WriteCtx)
    if (done.rollback === true) throw new Error('A change inside another asked for a rollback; only the outermost may.')
    return done.result
  } catch (error) {
    open.failure ??= { error }
    throw error
  }
}

/**
 * Runs the work, unless a call with the same idempotency key already did, and collects audit entries, events and tags.
 */
async function once<I extends z.ZodObject, O extends z.ZodType, Kept>(
  { action, idempotency, personal, work }: ChangeShape<I, O, Kept>,
  open: OpenChange,
  ctx: WriteCtx,
  input: z.output<I>,
  verify?: (touched: unknown) => void,
): Promise<Changed<z.output<O>>> {
  const given = keyIn(input)
  const own = personal === true && given !== undefined ? `${ctx.userId ?? ''}:${given}` : given
  const key = idempotency?.key === undefined ? own : idempotency.key(ctx, input)
  const call = key === undefined ? undefined : { action, key, input: unconfirmed(input) }
  const first = call && (await recallResult(ctx, call))
  if (first !== undefined) {
    // safe because: the value stored for this action came from `keep` on this work's result.
    const kept = first.result as Kept & z.output<O>
    return { result: idempotency?.recall === undefined ? kept : await idempotency.recall(ctx, kept, input) }
  }
  const changed = await work(ctx, input)
  verify?.(changed.touched)
  if (changed.rollback === true) return changed
  if (call) await rememberResult(ctx, call, idempotency?.keep ? idempotency.keep(changed.result) : changed.result)
  const { tenantId, actor, requestId } = ctx
  for (const entry of entriesOf(action, changed)) {
    open.audit.push({ ...entry, tenantId, actor, requestId, outcome: 'success' })
  }
  open.events.push(...(changed.events ?? []))
  for (const tag of changed.invalidates ?? []) open.tags.add(tag)
  return changed
}

/** The input that identifies a retry; the confirm token is not part of it. */
function unconfirmed({ confirm_token: _token, ...call }: Readonly<Record<string, unknown>>): unknown {
  return call
}

function keyIn(input: Readonly<Record<string, unknown>>): string | undefined {
  const key = input['idempotency_key']
  return typeof key === 'string' ? key : undefined
}

function entriesOf<Result>(
  action: string,
  { subject, before, after, entries }: Changed<Result>,
): readonly AuditEntry[] {
  const all = entries ?? (subject === undefined ? [] : [{ action, subject, before, after }])
  if (all.length === 0) throw new Error(`${action} returned no audit data: a change must return subject or entries.`)
  return all
}
