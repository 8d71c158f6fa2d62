import { metric } from '#kernel/telemetry/metric'
import type { Instruments } from '#kernel/telemetry/metric'

export const accessMetrics = {
  /** The label is `success` or the reason of the failure: `wrong-password`, `locked`. */
  signIns: metric.counter('sign_ins_total', { help: 'Sign-ins of people by outcome.', labels: ['outcome'] }),
  /** The label is the audit action: `identity.account-locked`. */
  securityAlerts: metric.counter('security_alerts_total', {
    help: 'Security events that an operator should look at.',
    labels: ['alert'],
  }),
}

export type AccessInstruments = Instruments<typeof accessMetrics>
