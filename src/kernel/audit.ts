import { statement } from './database/statement.ts'
import { newId } from './ids.ts'
import type { Ctx } from './context.ts'

/** One thing that happened to one subject. `before` and `after` hold what changed, as JSON. */
export interface AuditEntry {
  readonly action: string
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

const insertEvent = statement(
  'audit.insert',
  `insert into audit.events (tenant_id, id, at, actor_kind, actor_id, action, subject, before, after, request_id, outcome)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'success')`,
)

/** Writes the row in the transaction of `ctx.db`: the change and its proof are kept, or lost, together. */
export async function writeAudit(ctx: Ctx, entry: AuditEntry): Promise<void> {
  const now = ctx.clock()
  await insertEvent(ctx.db, [
    ctx.tenantId,
    newId('aud', now),
    now,
    ctx.actor.kind,
    ctx.actor.id,
    entry.action,
    entry.subject,
    json(entry.before),
    json(entry.after),
    ctx.requestId,
  ])
}

const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value))
