import type { Metrics } from '../telemetry/metrics.ts'
import { PLATFORM_TENANT } from './event.ts'
import type { AuditTrail } from './trail.ts'

/**
 * Audits every call to an external service that the metrics count: service, operation and outcome; never the content or
 * the URL. Who caused the call is in the event of that person's action.
 */
export function auditVendorCalls(
  integration: Metrics['integration'],
  trail: Pick<AuditTrail, 'note'>,
): Metrics['integration'] {
  return {
    finished(vendor, endpoint, status, seconds) {
      integration.finished(vendor, endpoint, status, seconds)
      trail.note({
        tenantId: PLATFORM_TENANT,
        actor: { kind: 'job', id: 'platform.integration' },
        action: `vendor.${vendor}.${endpoint}`,
        subject: status,
        requestId: '',
        outcome: status === 'ok' || /^[123]/.test(status) ? 'success' : 'failure',
      })
    },
  }
}
