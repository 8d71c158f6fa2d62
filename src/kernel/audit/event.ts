import type { Actor } from '../principal.ts'

export type AuditOutcome = 'success' | 'failure' | 'denied'

/** One thing that happened to one subject. `before` and `after` hold what changed, as JSON. */
export interface AuditEntry {
  readonly action: string
  /** An id, or `*`; never a name or an address. */
  readonly subject: string
  /**
   * What was and what is. Secrets are left out by the names of their fields, and so is what is about a person, unless it
   * is marked with `personal()`.
   */
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

/** An event with the time at which it happened. */
export interface DatedEvent extends AuditEvent {
  readonly at: Date
}

/** The tenant of events that belong to none. No tenant can have this id. */
export const PLATFORM_TENANT = '_platform'
