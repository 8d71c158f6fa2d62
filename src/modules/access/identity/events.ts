import { PLATFORM_TENANT, personal } from '#kernel/audit'
import type { AuditOutcome, AuditTrail } from '#kernel/audit'
import type { AccessInstruments } from '../metrics.ts'
import type { Caller } from './caller.ts'
import { asRecord } from './untyped.ts'

/** An audit event about an account. */
export interface IdentityEvent {
  /** For example `identity.sign-in`. */
  readonly action: string
  readonly outcome: AuditOutcome
  /** The authenticated person who acted; absent when authentication failed. */
  readonly userId?: string
  /** The person whose account it concerns, authenticated or not. Default: `userId`. */
  readonly about?: string
  /** The organisation whose audit trail it belongs to; none when no account has the e-mail. */
  readonly tenantId: string | null | undefined
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
  /** Why it failed, for example `wrong-password` or `locked`; also the outcome label of the sign-in metric. */
  readonly reason?: string
}

export interface IdentityEvents {
  /** Resolves once the event is committed; the caller is answered only then. */
  record(from: Caller, event: IdentityEvent): Promise<void>
}

const ANONYMOUS = 'anonymous'

/** Records events in the audit trail, and counts sign-ins and security alerts. */
export function identityEvents(
  audit: Pick<AuditTrail, 'record'>,
  { signIns, securityAlerts }: AccessInstruments,
): IdentityEvents {
  return {
    async record(
      { requestId, address },
      { action, outcome, userId, about = userId, tenantId, subject, before, after, reason },
    ) {
      if (action === 'identity.sign-in') signIns.add({ outcome: reason ?? outcome })
      if (ALERTS.has(action)) securityAlerts.add({ alert: action })
      await audit.record({
        action,
        outcome,
        subject,
        requestId,
        before,
        tenantId: tenantId ?? PLATFORM_TENANT,
        actor: { kind: 'user', id: userId ?? ANONYMOUS },
        after: {
          ...asRecord(after),
          ...(reason !== undefined && { reason }),
          ...(about !== undefined && address !== '' && { address: personal(`user:${about}`, address) }),
        },
      })
    },
  }
}

/** The actions that are counted as security alerts. */
const ALERTS = new Set(['identity.account-locked', 'identity.refresh-token-reused'])
