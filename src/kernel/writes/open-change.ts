import type { AuditEvent } from '../audit/event.ts'
import type { Described } from '../calls/operation.ts'
import type { CacheTag } from '../cache/tags.ts'
import type { Cache } from '../cache.ts'
import type { Ctx } from '../context.ts'
import type { Db, Tx } from '../database/db.ts'
import type { DomainEvent } from './outbox.ts'

/** A context inside an open change. Only here are there handles that write. */
export interface WriteCtx extends Ctx {
  readonly db: Tx
}

/** What the changes of one transaction have in common; its outermost change carries it out. */
export interface OpenChange {
  readonly tenantId: string
  readonly audit: AuditEvent[]
  readonly events: DomainEvent[]
  readonly tags: Set<CacheTag>
  /** The operations that may join, as the outermost declared them. */
  readonly mayJoin: ReadonlySet<Described>
  /** The first failure of a change that joined: whether it was caught or not, nothing is kept. */
  failure: { readonly error: unknown } | undefined
}

/** Known by their handle: a context can be copied with another one, and then it is not inside any more. */
const changes = new WeakMap<Db, OpenChange>()

/** The change whose transaction this handle is, if it is one's. */
export function openChangeOf(db: Db): OpenChange | undefined {
  return changes.get(db)
}

/** Makes the context of a change that opened this transaction. */
export function insideChange(
  ctx: Ctx,
  tx: Tx,
  mayJoin: ReadonlySet<Described>,
): { readonly inside: WriteCtx; readonly open: OpenChange } {
  const open: OpenChange = {
    tenantId: ctx.tenantId,
    audit: [],
    events: [],
    tags: new Set(),
    mayJoin,
    failure: undefined,
  }
  changes.set(tx, open)
  return { inside: { ...ctx, db: tx, cache: uncached(open) }, open }
}

/** Every operation that may run inside, by what the outermost says it calls. */
export function reachable(calls: readonly Described[], found = new Set<Described>()): ReadonlySet<Described> {
  for (const called of calls) {
    if (found.has(called)) continue
    found.add(called)
    reachable(called.calls, found)
  }
  return found
}

/** Loads every time: what is kept is shared with others, and rows of an open transaction are not theirs to see. */
function uncached({ tags: outdated }: OpenChange): Cache {
  return {
    getOrLoad: (_tenantId, _key, _options, load) => load(),
    invalidate: (_tenantId, tags) => {
      for (const tag of tags) outdated.add(tag)
      return Promise.resolve()
    },
  }
}
