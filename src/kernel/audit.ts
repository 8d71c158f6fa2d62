import type { AuditEntry } from './audit/event.ts'
import { insertEvents } from './audit/event-row.ts'
import type { WriteCtx } from './writes/open-change.ts'

export { PLATFORM_TENANT } from './audit/event.ts'
export type { AuditEntry, AuditEvent, AuditOutcome } from './audit/event.ts'
export { freeText, personal } from './audit/personal.ts'
export type { AuditTrail } from './audit/trail.ts'

/** Writes one audit row per entry in the transaction of `ctx.db`, so the change and its audit rows commit together. */
export async function writeAudit(ctx: WriteCtx, ...entries: readonly AuditEntry[]): Promise<void> {
  const { tenantId, actor, requestId } = ctx
  const known = { tenantId, actor, requestId, outcome: 'success', at: ctx.clock() } as const
  const events = entries.map(({ action, subject, before, after }) => ({ action, subject, before, after, ...known }))
  await insertEvents(ctx.db, ctx.personKeys, events)
}
