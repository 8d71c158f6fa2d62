import type { Actor, Ctx } from './context.ts'
import type { Db } from './database/db.ts'
import { statement } from './database/statement.ts'
import { newId } from './ids.ts'

export type AuditOutcome = 'success' | 'failure' | 'denied'

/** One thing that happened to one subject. `before` and `after` hold what changed, as JSON. */
export interface AuditEntry {
  readonly action: string
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
}

/** An event that no change of a tenant's data made: a sign-in, a refusal, a read of customer data, a vendor call. */
export interface AuditEvent extends AuditEntry {
  /** `PLATFORM_TENANT` where no tenant is known, as when a sign-in fails. */
  readonly tenantId: string
  readonly actor: Actor
  readonly requestId: string
  readonly outcome: AuditOutcome
}

/** The tenant of events that belong to none. No tenant can have this id. */
export const PLATFORM_TENANT = '_platform'

/** Where events are told that no `change()` writes. */
export interface AuditTrail {
  /** Resolves once it is committed: for what must not happen without its event. */
  record(event: AuditEvent): Promise<void>
  /** Returns at once; committed within a second, in batches: for reads. */
  note(event: AuditEvent): void
  /** Writes what was noted. */
  close(): Promise<void>
}

/**
 * A value that is about a person. In the audit trail it is encrypted under that person's own key, which erasure
 * destroys; everywhere else it is never written. `person` is a ref such as `user:usr_1` or `contact:cnt_1`.
 */
export class Personal {
  readonly person: string
  readonly value: unknown

  constructor(person: string, value: unknown) {
    this.person = person
    this.value = value
  }
}

/** Marks a value in `before` or `after` as being about this person; undefined and null need no mark. */
export function personal(person: string, value: unknown): unknown {
  return value === undefined || value === null ? value : new Personal(person, value)
}

const insertEvent = statement(
  'audit.insert',
  `insert into audit.events (tenant_id, id, at, actor_kind, actor_id, action, subject, before, after, request_id, outcome)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
)

/** Writes the row in the transaction of `ctx.db`: the change and its proof are kept, or lost, together. */
export async function writeAudit(ctx: Ctx, entry: AuditEntry): Promise<void> {
  const { tenantId, actor, requestId } = ctx
  await insert(ctx.db, { ...entry, tenantId, actor, requestId, outcome: 'success' }, ctx.clock())
}

/** Opens the trail on the system handle. */
export function openAuditTrail(db: Db, clock: () => Date, failed: (error: unknown) => void): AuditTrail {
  const noted = new Set<Promise<void>>()
  return {
    record: (event) => insert(db, event, clock()),
    note(event) {
      const writing = insert(db, event, clock())
        .catch(failed)
        .finally(() => noted.delete(writing))
      noted.add(writing)
    },
    close: async () => void (await Promise.all(noted)),
  }
}

async function insert(db: Db, event: AuditEvent, now: Date): Promise<void> {
  await insertEvent(db, [
    event.tenantId,
    newId('aud', now),
    now,
    event.actor.kind,
    event.actor.id,
    event.action,
    event.subject,
    json(event.before),
    json(event.after),
    event.requestId,
    event.outcome,
  ])
}

const json = (value: unknown) =>
  value === undefined
    ? null
    : JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Personal ? '[personal]' : inner))
