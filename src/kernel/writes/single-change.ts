import { setTimeout as wait } from 'node:timers/promises'
import { writeAudit } from '../audit.ts'
import type { AuditEntry } from '../audit.ts'
import type { CacheTag } from '../cache/tags.ts'
import type { Ctx } from '../context.ts'
import type { Scope } from '../principal.ts'
import type { Tx } from '../database/db.ts'
import { isTransient } from '../database/errors.ts'
import { Failure } from '../failure.ts'
import { recallResult, rememberResult } from './idempotency.ts'
import type { DomainEvent } from './outbox.ts'
import type { WriteCtx } from './open-change.ts'
import { requireScope } from './scope.ts'

/** What the work of a change hands back: its result, and what to record and tell about it. */
export interface Change<Result> extends Omit<AuditEntry, 'action'> {
  readonly result: Result
  /** Told to subscribers after, and only after, the commit. */
  readonly events?: readonly DomainEvent[]
  /** Cache tags whose values are out of date once this is committed. */
  readonly invalidates?: readonly CacheTag[]
}

export interface ChangeOptions<Input> {
  /** A retried call with the same key returns the first call's result; with other arguments it is a conflict. */
  readonly idempotencyKey?: (input: Input) => string | undefined
}

const ATTEMPTS_MAX = 4
const BACKOFF_MILLISECONDS = 10

/**
 * The one door of every write: scope, transaction, work, audit row, outbox, commit, cache. Inside `work`, `ctx.db` is
 * the transaction. Deadlocks and serialization failures are retried three times, so `work` must not touch the outside
 * world; a success is returned only after the commit.
 */
export function change<Input, Result>(
  action: string,
  scope: Scope,
  work: (ctx: WriteCtx, input: Input) => Promise<Change<Result>>,
  options: ChangeOptions<Input> = {},
): (ctx: Ctx, input: Input) => Promise<Result> {
  return async (ctx, input) => {
    requireScope(ctx, scope)
    const key = options.idempotencyKey?.(input)
    const done = await retryTransient(ctx, () => runOnce(ctx, action, input, key, work))
    if (done.invalidates !== undefined && done.invalidates.length > 0) {
      await ctx.cache.invalidate(ctx.tenantId, done.invalidates)
    }
    return done.result
  }
}

async function runOnce<Input, Result>(
  ctx: Ctx,
  action: string,
  input: Input,
  key: string | undefined,
  work: (ctx: WriteCtx, input: Input) => Promise<Change<Result>>,
): Promise<Change<Result>> {
  return ctx.db.transaction().execute(async (tx) => {
    // safe because: it is the handle of a transaction.
    const inside = { ...ctx, db: tx as unknown as Tx }
    if (key !== undefined) {
      const first = await recallResult<Result>(inside, { action, key, input })
      if (first !== undefined) return { result: first.result, subject: '' }
    }
    const done = await work(inside, input)
    if (key !== undefined) await rememberResult(inside, { action, key, input }, done.result)
    await writeAudit(inside, { action, ...done })
    if (done.events !== undefined && done.events.length > 0)
      await ctx.outbox.publish(inside.db, ctx.tenantId, done.events)
    return done
  })
}

async function retryTransient<T>(ctx: Ctx, attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isTransient(error)) throw error
      if (tried === ATTEMPTS_MAX) {
        throw new Failure('conflict', 'Others are changing the same rows. Nothing was changed; try again.', {
          cause: error,
          retryAfterSeconds: 1,
        })
      }
      await wait(BACKOFF_MILLISECONDS * 2 ** tried, undefined, { signal: ctx.signal })
    }
  }
}
