import type { AuditEntry } from './audit/event.ts'
import { insertEvents } from './audit/event-row.ts'
import type { Ctx } from './context.ts'

export { PLATFORM_TENANT } from './audit/event.ts'
export type { AuditEntry, AuditEvent, AuditOutcome } from './audit/event.ts'
export { freeText, personal } from './audit/personal.ts'
export type { AuditTrail } from './audit/trail.ts'

/** Writes the row in the transaction of `ctx.db`: the change and its proof are kept, or lost, together. */
export async function writeAudit(ctx: Ctx, entry: AuditEntry): Promise<void> {
  const { tenantId, actor, requestId } = ctx
  const { action, subject, before, after } = entry
  const event = { action, subject, before, after, tenantId, actor, requestId, outcome: 'success' as const }
  await insertEvents(ctx.db, ctx.personKeys, [{ ...event, at: ctx.clock() }])
}
