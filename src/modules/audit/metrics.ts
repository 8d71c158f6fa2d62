import { metric } from '#kernel/telemetry/metric'

export const auditMetrics = {
  unsealedSeconds: metric.gauge('audit_unsealed_seconds', {
    help: 'Age of the oldest audit event that may not be in a block yet.',
  }),
}
