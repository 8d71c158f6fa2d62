import type { Tx } from '../database/db.ts'

/** An outbox event, delivered to the jobs that subscribe to it with `on`. Payloads hold ids, not copies of rows. */
export interface DomainEvent {
  readonly name: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** Publishes events in the caller's transaction: they are delivered if and only if it commits. */
export interface Outbox {
  publish(tx: Tx, tenantId: string, events: readonly DomainEvent[]): Promise<void>
}
