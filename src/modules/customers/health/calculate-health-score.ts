import { change } from '#kernel/writes/change'
import { operation } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { customerEvents } from '../domain-events.ts'
import { customerTags } from '../record/cache-tags.ts'
import { lockCustomer } from '../record/store/customers.ts'
import { dayOf } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { asRollUpJob, rollUp } from '../events/roll-up.ts'
import { churnedHealth } from './churned-health.ts'
import { explainHealth } from './explain-health.ts'
import { CalculateHealthScoreInput, HealthOutput } from './score-contract.ts'
import { scoreHistory, storeScore } from './store/score.ts'
import { refreshUsageWindows } from './store/usage-windows.ts'
import { STANDARD_LOOKBACK_DAYS, STANDARD_MODEL, scoringOf } from './scoring.ts'

/**
 * Computes, stores and explains one customer's health score. The standard model over 30 days sets the customer's
 * current score, trend, risk indicators and churn prediction; other parameters make a what-if with a history of its
 * own. Churned customers are never scored. For a caller who may only read, the same score is explained and not stored.
 */
export function calculateHealthScore(settings: HealthSettings) {
  const [store, explain] = [scoreOne(settings, { isStored: true }), scoreOne(settings, { isStored: false })]
  return operation({
    scope: 'customers:read',
    effect: 'update',
    input: CalculateHealthScoreInput,
    output: HealthOutput,
    async run(ctx, input) {
      if (input.scoring_model === 'ml_predictive') throw noTrainedModel()
      await rollUp(asRollUpJob(ctx), { clientId: input.client_id })
      return ctx.scopes.has('customers:write') ? store(ctx, input) : explain(asRollUpJob(ctx), input)
    },
  })
}

/** `isStored: false` rolls back what the score would store, and returns the same explanation. */
function scoreOne(settings: HealthSettings, { isStored }: { readonly isStored: boolean }) {
  return change({
    action: 'customers.score',
    scope: 'customers:write',
    effect: 'update',
    input: CalculateHealthScoreInput,
    output: HealthOutput,
    async work(ctx, input) {
      const { client_id, lookback_period_days: lookback_days } = input
      const before = await lockCustomer(ctx, client_id)
      const day = dayOf(ctx.clock())
      const isStandard =
        input.scoring_model === STANDARD_MODEL &&
        lookback_days === STANDARD_LOOKBACK_DAYS &&
        (input.risk_threshold ?? settings.atRiskBelow) === settings.atRiskBelow
      const model = isStandard ? STANDARD_MODEL : whatIfName(input)
      if (before.status === 'churned') {
        const history = await scoreHistory(ctx, client_id, model, day)
        const result = churnedHealth(ctx, client_id, { model, lookback_days }, history)
        return { result, subject: client_id, rollback: !isStored }
      }
      const scoring = scoringOf(settings, {
        as_of: ctx.clock(),
        lookback_days,
        model,
        ...(input.component_weights && { weights: input.component_weights }),
        ...(input.risk_threshold !== undefined && { at_risk_below: input.risk_threshold }),
      })
      await refreshUsageWindows(ctx, { day, lookback_days, client_id })
      const row = await storeScore(ctx, client_id, scoring, isStandard)
      const history = await scoreHistory(ctx, client_id, model, day)
      const result = explainHealth(row, history, {
        scoring,
        isStandard,
        includePredictions: input.include_predictions,
        alerts: input.alert_preferences ?? {},
      })
      if (!isStored) {
        const health_metrics = { ...result.health_metrics, stored_as_current: false }
        return { result: { ...result, health_metrics }, subject: client_id, rollback: true }
      }
      return {
        result,
        subject: client_id,
        before: { health_score: before.health_score },
        after: { health_score: row.overall_score, model },
        events: isStandard
          ? [customerEvents.healthScored({ client_id, score: row.overall_score, trend: row.trend })]
          : [],
        invalidates: [customerTags.client(client_id), customerTags.clients],
      }
    },
  })
}

/** The model name under which a what-if is stored; each set of parameters has its own history. */
function whatIfName(input: CalculateHealthScoreInput): string {
  const weights = input.component_weights
  const parts = [
    input.scoring_model,
    `${input.lookback_period_days}d`,
    ...(input.risk_threshold === undefined ? [] : [`below ${input.risk_threshold}`]),
    ...Object.entries(weights ?? {})
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, weight]) => `${name} ${weight}`),
  ]
  return parts.join(', ')
}

function noTrainedModel(): Failure {
  return new Failure('invalid', 'No trained model is deployed. Use scoring_model weighted_composite.', {
    code: 'MODEL_NOT_AVAILABLE',
    problems: [{ path: 'scoring_model', expected: 'weighted_composite or custom', example: 'weighted_composite' }],
  })
}
