import { z } from 'zod'
import { ClientId, Day, RiskLevel, Score, Trend } from '../record/contract.ts'
import { NotEnoughData } from '../record/not-enough-data.ts'
import { Instant } from '../record/instant.ts'

const Weight = z.number().min(0).max(1)
const GivenWeight = z.number().pipe(Weight)
const Weights = z
  .strictObject({
    usage: GivenWeight,
    engagement: GivenWeight,
    support: GivenWeight,
    satisfaction: GivenWeight,
    payment: GivenWeight,
  })
  .partial()

const AlertPreferences = z
  .strictObject({ min_severity: z.string().pipe(RiskLevel), categories: z.array(z.string()).min(1) })
  .partial()

const WEIGHTS_EXAMPLE = '{"usage": 0.5, "engagement": 0.2, "support": 0.1, "satisfaction": 0.1, "payment": 0.1}'

export const CalculateHealthScoreInput = z
  .strictObject({
    client_id: ClientId,
    scoring_model: z
      .enum(['weighted_composite', 'ml_predictive', 'custom'])
      .default('weighted_composite')
      .describe('custom: your weights, stored as a what-if'),
    component_weights: Weights.optional().describe('For custom; sum 1'),
    lookback_period_days: z.int().min(1).max(365).default(30).describe('Other than 30: what-if'),
    include_predictions: z.boolean().default(true).describe('Churn and 12 weeks ahead'),
    risk_threshold: Score.optional().describe('At risk below; default 60'),
    alert_preferences: AlertPreferences.optional().describe('Which automated_alerts to list'),
  })
  .superRefine((input, issue) => {
    const weights = input.component_weights
    if (input.scoring_model === 'custom' && weights === undefined) {
      issue.addIssue({
        code: 'custom',
        path: ['component_weights'],
        message: `weights for scoring_model custom, e.g. ${WEIGHTS_EXAMPLE}`,
      })
    }
    if (weights === undefined) return
    if (input.scoring_model !== 'custom') {
      issue.addIssue({
        code: 'custom',
        path: ['component_weights'],
        message: 'no value unless scoring_model is custom',
      })
    }
    const sum = Object.values(weights).reduce<number>((total, weight) => total + (weight ?? 0), 0)
    if (Math.abs(sum - 1) > 0.01) {
      issue.addIssue({
        code: 'custom',
        path: ['component_weights'],
        message: `weights that sum to 1 (±0.01), not ${sum.toFixed(2)}, e.g. ${WEIGHTS_EXAMPLE}`,
      })
    }
  })
export type CalculateHealthScoreInput = z.output<typeof CalculateHealthScoreInput>

export const ExplainedComponent = z.union([
  z.strictObject({
    status: z.literal('known'),
    value: Score,
    weight: Weight,
    contribution: z.number(),
    source: z.string(),
    as_of: z.string().nullable(),
  }),
  NotEnoughData,
])

const RaisedIndicator = z.strictObject({
  indicator: z.string(),
  category: z.string(),
  severity: RiskLevel,
  current_value: z.number(),
  threshold_value: z.number(),
  description: z.string(),
})

const ChurnPrediction = z.strictObject({
  status: z.literal('known'),
  probability: z.number().min(0).max(1),
  risk_level: z.enum(['negligible', 'low', 'medium', 'high']),
  predicted_churn_date: Day.nullable(),
  model: z.strictObject({ name: z.string(), version: z.string(), kind: z.enum(['rule', 'trained']) }),
  factors: z.array(z.strictObject({ factor: z.string(), log_odds: z.number(), rule: z.string() })),
})

const DatedScore = z.strictObject({ day: Day, score: Score })

export const HealthOutput = z.strictObject({
  client_id: z.string(),
  status: z.enum(['success', 'not_enough_data', 'churned']),
  current_health_score: Score.nullable(),
  health_trend: Trend,
  score_change: z.strictObject({ points: z.number(), since: Day }).nullable(),
  component_scores: z.strictObject({
    usage: ExplainedComponent,
    engagement: ExplainedComponent,
    support: ExplainedComponent,
    satisfaction: ExplainedComponent,
    payment: ExplainedComponent,
  }),
  weights_renormalised: z.boolean(),
  health_metrics: z.strictObject({
    scoring_model: z.string(),
    lookback_days: z.int(),
    as_of: Instant,
    stored_as_current: z.boolean(),
    days_until_renewal: z.int().nullable(),
  }),
  risk_level: RiskLevel.nullable(),
  risk_indicators: z.array(RaisedIndicator),
  churn_prediction: z.union([ChurnPrediction, NotEnoughData]).optional(),
  historical_scores: z.array(DatedScore),
  predicted_scores: z
    .union([
      z.strictObject({
        status: z.literal('fitted'),
        method: z.string(),
        points_per_week: z.number(),
        weeks: z.array(DatedScore),
      }),
      NotEnoughData,
    ])
    .optional(),
  contributing_factors: z.strictObject({ positive: z.array(z.string()), negative: z.array(z.string()) }),
  improvement_opportunities: z.array(z.strictObject({ component: z.string(), points_to_gain: z.number() })),
  automated_alerts: z.array(z.string()),
  recommended_actions: z.array(z.string()),
})
export type HealthOutput = z.output<typeof HealthOutput>
