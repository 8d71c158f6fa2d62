import type { Ctx } from '#kernel/context'
import { notEnoughData } from '../record/not-enough-data.ts'
import type { DatedScore } from './predict-scores.ts'
import type { HealthOutput } from './score-contract.ts'
import type { ScoreParameters } from './store/score-sql.ts'

const CHURNED = notEnoughData('nothing: a churned customer is not scored')

/** The health result of a churned customer: its past scores, but no current score, risks or forecast. */
export function churnedHealth(
  ctx: Ctx,
  clientId: string,
  scoring: Pick<ScoreParameters, 'model' | 'lookback_days'>,
  history: readonly DatedScore[],
): HealthOutput {
  return {
    client_id: clientId,
    status: 'churned',
    current_health_score: null,
    health_trend: null,
    score_change: null,
    component_scores: {
      usage: CHURNED,
      engagement: CHURNED,
      support: CHURNED,
      satisfaction: CHURNED,
      payment: CHURNED,
    },
    weights_renormalised: false,
    health_metrics: {
      scoring_model: scoring.model,
      lookback_days: scoring.lookback_days,
      as_of: ctx.clock().toISOString(),
      stored_as_current: false,
      days_until_renewal: null,
    },
    risk_level: null,
    risk_indicators: [],
    historical_scores: [...history],
    contributing_factors: { positive: [], negative: [] },
    improvement_opportunities: [],
    automated_alerts: [],
    recommended_actions: [
      'The customer has churned. If it came back, set its status to active with update_client_info.',
    ],
  }
}
