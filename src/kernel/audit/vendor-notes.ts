import type { Metrics } from '../telemetry/metrics.ts'
import { PLATFORM_TENANT } from './event.ts'
import type { AuditTrail } from './trail.ts'

/**
 * Notes every call of somebody else's service that the metrics are told of: which service, which operation, how it
 * ended; never what was said, or the URL. Who had it made stands in the event of what they did.
 */
export function noteVendorCalls(
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
