import { PLATFORM_TENANT, personal } from '#kernel/audit'
import type { AuditOutcome, AuditTrail } from '#kernel/audit'
import type { AccessInstruments } from '../metrics.ts'
import type { Caller } from './caller.ts'
import { asRecord } from './untyped.ts'

/** What happened to an account. */
export interface IdentityEvent {
  /** `identity.sign-in`. */
  readonly action: string
  readonly outcome: AuditOutcome
  /** Who did it, as far as it is proved; absent for whoever failed to prove it. */
  readonly userId?: string
  /** Whose account it is about, proved or not. */
  readonly about?: string
  /** The organisation whose trail it belongs to; none where the e-mail is nobody's. */
  readonly tenantId: string | null | undefined
  readonly subject: string
  readonly before?: unknown
  readonly after?: unknown
  /** Why it failed: `wrong-password`, `locked`. Also the label of the metric. */
  readonly reason?: string
}

export interface IdentityEvents {
  /** Resolves once the event is committed: nobody is answered before. */
  record(from: Caller, event: IdentityEvent): Promise<void>
}

const STRANGER = 'anonymous'

/** Tells the audit trail, and counts sign-ins and alarms. */
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
        actor: { kind: 'user', id: userId ?? STRANGER },
        after: {
          ...asRecord(after),
          ...(reason !== undefined && { reason }),
          ...(about !== undefined && address !== '' && { address: personal(`user:${about}`, address) }),
        },
      })
    },
  }
}

/** What somebody should look at. */
const ALERTS = new Set(['identity.account-locked', 'identity.refresh-token-reused'])
