import { RiskLevel } from '../record/contract.ts'
import { dayOf } from '../record/days.ts'
import { notEnoughData } from '../record/not-enough-data.ts'
import { roundScore, roundShare } from '../record/rounding.ts'
import { CHURN_MODEL, churnFactors } from '../risk/churn-model.ts'
import { explainComponents, missingComponents, valuesOf } from './explain-components.ts'
import { COMPONENTS, renormalise } from './health-weights.ts'
import type { PerComponent } from './health-weights.ts'
import { PREDICTION_NEEDS, predictScores } from './predict-scores.ts'
import type { DatedScore } from './predict-scores.ts'
import { actionFor, describeIndicator } from '../risk/risk-indicators.ts'
import { riskLevel } from '../risk/risk-level.ts'
import type { HealthThresholds } from '../risk/risk-level.ts'
import type { CalculateHealthScoreInput, HealthOutput } from './score-contract.ts'
import { weightsOf } from './scoring.ts'
import type { ScoreParameters } from './store/score-sql.ts'
import type { ScoredRow } from './store/score.ts'

interface ExplainOptions {
  readonly scoring: ScoreParameters
  readonly isStandard: boolean
  readonly includePredictions: boolean
  readonly alerts: NonNullable<CalculateHealthScoreInput['alert_preferences']>
}

const STRONG_FROM = 80
const WEAK_BELOW = 60

/** Builds the health result of a scored customer: score, trend, reasons and recommended actions. */
export function explainHealth(row: ScoredRow, history: readonly DatedScore[], options: ExplainOptions): HealthOutput {
  const { scoring, isStandard, includePredictions } = options
  const weights = weightsOf(scoring)
  const missing = missingComponents(row)
  const isKnown = row.overall_score !== null
  return {
    client_id: row.client_id,
    status: isKnown ? 'success' : 'not_enough_data',
    current_health_score: row.overall_score,
    health_trend: row.trend,
    score_change: scoreChange(row),
    component_scores: explainComponents(row, weights),
    weights_renormalised: isKnown && missing.some((component) => weights[component] > 0),
    health_metrics: {
      scoring_model: scoring.model,
      lookback_days: scoring.lookback_days,
      as_of: row.as_of,
      stored_as_current: isStandard,
      days_until_renewal: row.days_until_renewal,
    },
    risk_level: riskLevel(row.overall_score, thresholdsOf(scoring)),
    risk_indicators: row.raised.map(({ indicator_name, ...indicator }) => ({
      indicator: indicator_name,
      ...indicator,
      description: describeIndicator(indicator_name, indicator.current_value, indicator.threshold_value),
    })),
    ...(includePredictions && { churn_prediction: churnPrediction(row, scoring) }),
    historical_scores: [...history],
    ...(includePredictions && { predicted_scores: predictedScores(history, dayOf(scoring.as_of)) }),
    contributing_factors: contributingFactors(row),
    improvement_opportunities: opportunities(row, weights),
    automated_alerts: automatedAlerts(row, options.alerts),
    recommended_actions: recommendedActions(row),
  }
}

function thresholdsOf(scoring: ScoreParameters): HealthThresholds {
  const { critical_below: criticalBelow, at_risk_below: atRiskBelow, healthy_from: healthyFrom } = scoring
  return { criticalBelow, atRiskBelow, healthyFrom }
}

/**
 * Alerts: risk indicators of at least high severity, unless the caller chose others. They are only listed, not sent to
 * anybody.
 */
function automatedAlerts(
  row: ScoredRow,
  { min_severity: least = 'high', categories }: ExplainOptions['alerts'],
): string[] {
  return row.raised.flatMap(({ indicator_name, category, severity, current_value, threshold_value }) => {
    const isSevere = RiskLevel.options.indexOf(severity) >= RiskLevel.options.indexOf(least)
    if (!isSevere || (categories !== undefined && !categories.includes(category))) return []
    return [`${severity}: ${describeIndicator(indicator_name, current_value, threshold_value)}`]
  })
}

function scoreChange(row: ScoredRow): HealthOutput['score_change'] {
  if (row.overall_score === null || row.score_before === null || row.score_before_on === null) return null
  return { points: roundScore(row.overall_score - row.score_before), since: row.score_before_on }
}

function churnPrediction(row: ScoredRow, scoring: ScoreParameters): HealthOutput['churn_prediction'] {
  if (row.churn_probability === null || row.churn_level === null) {
    return notEnoughData('a health score')
  }
  const isLikely = row.churn_probability >= scoring.churn_medium_from
  const isAhead = (row.days_until_renewal ?? -1) >= 0
  return {
    status: 'known',
    probability: roundShare(row.churn_probability),
    risk_level: row.churn_level,
    predicted_churn_date: isLikely && isAhead ? row.renewal_date : null,
    model: CHURN_MODEL,
    factors: churnFactors(row),
  }
}

function predictedScores(history: readonly DatedScore[], today: string): HealthOutput['predicted_scores'] {
  const fit = predictScores(history, today)
  if (fit === undefined) return notEnoughData(PREDICTION_NEEDS)
  return { ...fit, weeks: [...fit.weeks] }
}

function contributingFactors(row: ScoredRow): HealthOutput['contributing_factors'] {
  const known = Object.entries(valuesOf(row)).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]))
  const label = ({ name, value }: { name: string; value: number }) => `${name} ${value}`
  return {
    positive: known.filter(({ value }) => value >= STRONG_FROM).map(label),
    negative: known.filter(({ value }) => value < WEAK_BELOW).map(label),
  }
}

/**
 * The improvement potential per component: the points the score would gain if the component were 100, largest first.
 */
function opportunities(row: ScoredRow, given: PerComponent<number>): HealthOutput['improvement_opportunities'] {
  const values = valuesOf(row)
  const weights = renormalise(given, values)
  return COMPONENTS.map((component) => ({
    component,
    points_to_gain: roundScore((100 - (values[component] ?? 100)) * weights[component]),
  }))
    .filter(({ points_to_gain }) => points_to_gain > 0)
    .toSorted((a, b) => b.points_to_gain - a.points_to_gain)
}

function recommendedActions(row: ScoredRow): string[] {
  const actions = row.raised.flatMap(({ indicator_name }) => actionFor(indicator_name) ?? [])
  if (row.overall_score !== null) return actions
  return ['Connect usage, tickets, surveys or payments; component_scores says what is missing.', ...actions]
}
