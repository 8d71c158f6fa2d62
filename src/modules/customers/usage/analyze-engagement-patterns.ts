import { query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { customerTags } from '../record/cache-tags.ts'
import { requireCustomer } from '../record/store/customers.ts'
import { addDays, dayOf } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { roundScore, roundShare, roundTo } from '../record/rounding.ts'
import { ENGAGEMENT_RULES } from './engagement-rules.ts'
import { AnalyzeEngagementPatternsInput, AnalyzeEngagementPatternsOutput, PATTERN_TYPES } from './pattern-contract.ts'
import { OUTCOME_DAYS, predictiveInsights } from './pattern-insights.ts'
import { presentPersonas } from './personas.ts'
import { countSelected, patternOutcomes, patternQueries, userPersonas } from './store/patterns.ts'
import type { PatternRow } from './store/patterns.ts'
import type { PatternQuery } from './store/selected-customers.ts'

const TTL_SECONDS = 900

/** Usage patterns and their relation to health. Cached for at most fifteen minutes. */
export function analyzeEngagementPatterns(settings: HealthSettings) {
  return query({
    scope: 'customers:read',
    input: AnalyzeEngagementPatternsInput,
    output: AnalyzeEngagementPatternsOutput,
    async run(ctx, input) {
      const { scope_filter: filter = {}, lookback_period_days: days } = input
      if (filter.client_id !== undefined) await requireCustomer(ctx, filter.client_id)
      const end = dayOf(ctx.clock())
      const analysis = { input, selection: { ...filter, start: addDays(end, 1 - days), end } }
      return ctx.cache.getOrLoad(
        ctx.tenantId,
        `customers:patterns:${end}:${JSON.stringify(input)}`,
        {
          name: 'customers.engagement-patterns',
          ttlSeconds: TTL_SECONDS,
          tags: [customerTags.segments, customerTags.clients, customerTags.all],
        },
        async () => ({
          ...(await analyze(ctx, analysis)),
          ...(input.predictive_insights && { predictive_insights: await predict(ctx, analysis, settings) }),
        }),
      )
    },
  })
}

interface Analysis {
  readonly input: AnalyzeEngagementPatternsInput
  readonly selection: PatternQuery
}

/** Analyses a period of the same length that ended long enough ago for its customers' outcome to be known. */
async function predict(ctx: Ctx, { input, selection }: Analysis, { atRiskBelow }: HealthSettings) {
  const before = {
    ...selection,
    start: addDays(selection.start, -OUTCOME_DAYS),
    end: addDays(selection.end, -OUTCOME_DAYS),
  }
  return predictiveInsights(await patternOutcomes(ctx, before, atRiskBelow), input.min_pattern_confidence)
}

async function analyze(
  ctx: Ctx,
  { input, selection }: Analysis,
): Promise<Omit<AnalyzeEngagementPatternsOutput, 'predictive_insights'>> {
  const wants = new Set(input.pattern_types ?? PATTERN_TYPES)
  const queries = patternQueries
  const rows = (await queries.patterns(ctx, selection)).filter((row) => row.customers >= input.min_customers)
  const weekdays = wants.has('temporal') ? await queries.weekdays(ctx, selection) : undefined
  const events = weekdays?.reduce((sum, day) => sum + day.events, 0) ?? 0
  const anomalies = input.anomaly_detection ? await queries.anomalies(ctx, selection) : []
  return {
    status: rows.some((row) => row.pattern !== 'silent') ? 'success' : 'not_enough_data',
    customers_analyzed: await countSelected(ctx, selection),
    period: { start: selection.start, end: selection.end },
    identified_patterns: rows.map(present),
    ...(weekdays !== undefined && {
      temporal_patterns: weekdays.map((day) => ({
        ...day,
        share: events === 0 ? 0 : roundShare(day.events / events),
      })),
    }),
    ...(wants.has('feature_usage') && { feature_patterns: await queries.features(ctx, selection) }),
    ...(wants.has('communication') && {
      communication_patterns: (await queries.contact(ctx, selection)).map((row) => ({
        ...row,
        average_health: roundScore(row.average_health),
      })),
    }),
    ...(wants.has('support') && { support_patterns: await queries.support(ctx, selection) }),
    user_personas: presentPersonas(await userPersonas(ctx, selection)),
    ...contrast(rows),
    anomalies: anomalies.map(({ deviations, usual, ...row }) => ({
      ...row,
      usual: roundTo(usual, 1),
      standard_deviations: roundTo(deviations, 1),
    })),
  }
}

function present(row: PatternRow): AnalyzeEngagementPatternsOutput['identified_patterns'][number] {
  return {
    pattern: row.pattern,
    rule: ENGAGEMENT_RULES[row.pattern] ?? '',
    customers: row.customers,
    share: row.of === 0 ? 0 : roundShare(row.customers / row.of),
    average_health: roundScore(row.average_health),
    average_churn_probability: roundShare(row.average_churn),
  }
}

/** Patterns whose customers' average health is ten points above, or below, that of the other customers. */
function contrast(rows: readonly PatternRow[]): { success_patterns: string[]; risk_patterns: string[] } {
  const scored = rows.flatMap(({ pattern, customers, average_health: health }) =>
    health === null || customers < CUSTOMERS_MIN ? [] : [{ pattern, health }],
  )
  const mean = scored.reduce((sum, row) => sum + row.health, 0) / Math.max(1, scored.length)
  const label = (row: { pattern: string; health: number }) => `${row.pattern}: average health ${roundScore(row.health)}`
  return {
    success_patterns: scored.filter((row) => row.health >= mean + HEALTH_GAP).map(label),
    risk_patterns: scored.filter((row) => row.health <= mean - HEALTH_GAP).map(label),
  }
}

const CUSTOMERS_MIN = 3
const HEALTH_GAP = 10
