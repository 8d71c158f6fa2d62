import type { CustomerSettings } from '../settings.ts'

/** The weights and thresholds that scores, risks and segments are computed with. */
export type HealthSettings = CustomerSettings
