import type { Actor } from '../principal.ts'

export type AuditOutcome = 'success' | 'failure' | 'denied'

/** One action on one subject. `before` and `after` hold what changed, as JSON. */
export interface AuditEntry {
  readonly action: string
  /** An id, or `*`; never a name or an address. */
  readonly subject: string
  /**
   * The values before and after. Fields whose names mark them as secret are withheld, and so are personal ones unless
   * marked with `personal()`.
   */
  readonly before?: unknown
  readonly after?: unknown
}

/** An audit event that no `change()` writes: a sign-in, a refusal, a read of customer data, a vendor call. */
export interface AuditEvent extends AuditEntry {
  /** `PLATFORM_TENANT` where no tenant is known, such as a failed sign-in. */
  readonly tenantId: string
  readonly actor: Actor
  readonly requestId: string
  readonly outcome: AuditOutcome
}

export interface DatedEvent extends AuditEvent {
  readonly at: Date
}

/** The tenant id of events that belong to no tenant. No tenant can have this id. */
export const PLATFORM_TENANT = '_platform'
