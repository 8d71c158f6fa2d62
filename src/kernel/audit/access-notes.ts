import type { Principal } from '../principal.ts'
import type { FailureKind } from '../failure.ts'
import type { AuditOutcome } from './event.ts'
import type { AuditTrail } from './trail.ts'

/** How a call or request ended. `asked`: questions were returned to the caller; `bug`: an unexpected error. */
export type AccessStatus = 'ok' | 'asked' | 'bug' | FailureKind

/** Adds an audit event for a call or request. Cheap (one object); must not throw. */
export type NoteAccess = (
  who: Principal,
  requestId: string,
  /** `tool.get_client_overview`, `GET /api/v1/clients/:client_id`. */
  action: string,
  /** The arguments; only ids are read from them. */
  args: unknown,
  status: AccessStatus,
) => void

/**
 * Audits every access except those that reached no data: invalid arguments, exceeded limits, questions to the caller.
 */
export function accessNotes(trail: Pick<AuditTrail, 'note'>): NoteAccess {
  return ({ tenantId, actor }, requestId, action, args, status) => {
    const outcome = outcomeOf(status)
    if (outcome === undefined) return
    trail.note({ tenantId, actor, action, subject: subjectIn(args), requestId, outcome })
  }
}

function outcomeOf(status: AccessStatus): AuditOutcome | undefined {
  switch (status) {
    case 'ok':
      return 'success'
    case 'forbidden':
    case 'unauthenticated':
      return 'denied'
    case 'invalid':
    case 'rate_limited':
    case 'asked':
    case 'method_not_allowed':
    case 'too_large':
    case 'unsupported':
      return undefined
    case 'payment_required':
    case 'not_found':
    case 'conflict':
    case 'unprocessable':
    case 'cancelled':
    case 'upstream':
    case 'unavailable':
    case 'timeout':
    case 'bug':
      return 'failure'
  }
}

/** Arguments that identify the subject, the most specific first. */
const SUBJECTS = ['client_id', 'task_id', 'ticket_id', 'person', 'id'] as const

function subjectIn(args: unknown): string {
  if (typeof args !== 'object' || args === null) return '*'
  // safe because: any property of an object may be read, and the value is `unknown`.
  const fields = args as Readonly<Record<string, unknown>>
  for (const name of SUBJECTS) {
    const value = fields[name]
    if (typeof value === 'string') return value
  }
  return '*'
}
