import { metric } from '#kernel/telemetry/metric'
import type { Instruments } from '#kernel/telemetry/metric'

export const accessMetrics = {
  /** `success`, or why it failed: `wrong-password`, `locked`. */
  signIns: metric.counter('sign_ins_total', { help: 'Sign-ins of people by how they ended.', labels: ['outcome'] }),
  /** By the audited action: `identity.account-locked`. */
  securityAlerts: metric.counter('security_alerts_total', { help: 'What somebody should look at.', labels: ['alert'] }),
}

export type AccessInstruments = Instruments<typeof accessMetrics>
