import type { Tx } from '../database/db.ts'

/** Something that happened, told to whoever subscribed with a job's `on`. Payloads hold ids, not copies of rows. */
export interface DomainEvent {
  readonly name: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Publishes events inside the transaction that made them true: they are delivered if, and only if, it commits. */
export interface Outbox {
  publish(tx: Tx, tenantId: string, events: readonly DomainEvent[]): Promise<void>
}
