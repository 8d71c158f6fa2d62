import type { RiskLevel } from '../record/contract.ts'

export interface HealthThresholds {
  readonly criticalBelow: number
  readonly atRiskBelow: number
  readonly healthyFrom: number
}

/**
 * The risk level of a score: critical under CHURN_RISK_THRESHOLD, high under HEALTH_SCORE_AT_RISK_THRESHOLD, low from
 * HEALTH_SCORE_HEALTHY_THRESHOLD.
 */
export function riskLevel(score: number | null, thresholds: HealthThresholds): RiskLevel | null {
  if (score === null) return null
  if (score < thresholds.criticalBelow) return 'critical'
  if (score < thresholds.atRiskBelow) return 'high'
  return score >= thresholds.healthyFrom ? 'low' : 'medium'
}
