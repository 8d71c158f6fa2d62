import type { AuditEvent } from '../audit/event.ts'
import type { OperationDescriptor } from '../calls/operation.ts'
import type { CacheTag } from '../cache/tags.ts'
import type { Cache } from '../cache.ts'
import type { Ctx } from '../context.ts'
import type { Db, Tx } from '../database/db.ts'
import type { DomainEvent } from './outbox.ts'

/** The context inside an open change; its handle can write. */
export interface WriteCtx extends Ctx {
  readonly db: Tx
}

/** The shared state of all changes in one transaction. The outermost change writes audit rows and events from it. */
export interface OpenChange {
  readonly tenantId: string
  readonly audit: AuditEvent[]
  readonly events: DomainEvent[]
  readonly tags: Set<CacheTag>
  /** The operations that may join, by the declaration of the outermost change. */
  readonly mayJoin: ReadonlySet<OperationDescriptor>
  /** The first failure of a joined change. If set, the transaction is rolled back even if the error was caught. */
  failure: { readonly error: unknown } | undefined
}

/** Open changes by their handle, not by context: a context copied with another handle is no longer inside. */
const changes = new WeakMap<Db, OpenChange>()

/** The open change of this handle, if any. */
export function openChangeOf(db: Db): OpenChange | undefined {
  return changes.get(db)
}

/** Makes the context and state of a change that opened this transaction. */
export function insideChange(
  ctx: Ctx,
  tx: Tx,
  mayJoin: ReadonlySet<OperationDescriptor>,
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

/** Every operation that may run inside, from the declared `calls`, transitively. */
export function reachable(
  calls: readonly OperationDescriptor[],
  found = new Set<OperationDescriptor>(),
): ReadonlySet<OperationDescriptor> {
  for (const called of calls) {
    if (found.has(called)) continue
    found.add(called)
    reachable(called.calls, found)
  }
  return found
}

/** A cache that always loads, because cached values are shared and must not contain uncommitted rows. */
function uncached({ tags: outdated }: OpenChange): Cache {
  return {
    getOrLoad: (_tenantId, _key, _options, load) => load(),
    invalidate: (_tenantId, tags) => {
      for (const tag of tags) outdated.add(tag)
      return Promise.resolve()
    },
  }
}
