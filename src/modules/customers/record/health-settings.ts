import type { Config } from '#kernel/config/config'

/** The weights and thresholds that scores, risks and segments are computed with. */
export type HealthSettings = Config['customers']
