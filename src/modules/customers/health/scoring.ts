import type { HealthSettings } from '../record/health-settings.ts'
import type { Component, PerComponent } from './health-weights.ts'
import type { ScoreParameters } from './store/score-sql.ts'

export const STANDARD_MODEL = 'weighted_composite'
export const STANDARD_LOOKBACK_DAYS = 30

interface Chosen extends Pick<ScoreParameters, 'as_of' | 'lookback_days' | 'model'> {
  readonly weights?: Partial<Record<Component, number | undefined>>
  readonly at_risk_below?: number
}

/** The parameters of a scoring: the caller's choices, with the settings as defaults. */
export function scoringOf(settings: HealthSettings, chosen: Chosen): ScoreParameters {
  const { weights, at_risk_below = settings.atRiskBelow, ...same } = chosen
  return {
    ...same,
    ...(weights === undefined ? standardWeights(settings) : customWeights(weights)),
    at_risk_below,
    critical_below: Math.min(settings.criticalBelow, at_risk_below),
    healthy_from: Math.max(settings.healthyFrom, at_risk_below),
    usage_drop_share: settings.usageDropShare,
    ticket_rise_share: settings.ticketRiseShare,
    churn_low_from: settings.churnLowFrom,
    churn_medium_from: settings.churnMediumFrom,
    churn_high_from: settings.churnHighFrom,
  }
}

type Weights = Pick<ScoreParameters, `weight_${Component}`>

function standardWeights(settings: HealthSettings): Weights {
  return {
    weight_usage: settings.usageWeight,
    weight_engagement: settings.engagementWeight,
    weight_support: settings.supportWeight,
    weight_satisfaction: settings.satisfactionWeight,
    weight_payment: settings.paymentWeight,
  }
}

/** Custom weights; a component that was not named has weight 0. */
function customWeights(given: NonNullable<Chosen['weights']>): Weights {
  return {
    weight_usage: given.usage ?? 0,
    weight_engagement: given.engagement ?? 0,
    weight_support: given.support ?? 0,
    weight_satisfaction: given.satisfaction ?? 0,
    weight_payment: given.payment ?? 0,
  }
}

export function weightsOf(weights: Weights): PerComponent<number> {
  return {
    usage: weights.weight_usage,
    engagement: weights.weight_engagement,
    support: weights.weight_support,
    satisfaction: weights.weight_satisfaction,
    payment: weights.weight_payment,
  }
}
