import type { Ctx } from '#kernel/context'
import { customerTags } from '../record/cache-tags.ts'
import { requireCustomer } from '../record/store/customers.ts'
import { addDays, dayOf } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { roundScore, roundShare, roundTo } from '../record/rounding.ts'
import { ENGAGEMENT_RULES } from './engagement-rules.ts'
import { PATTERN_TYPES } from './pattern-contract.ts'
import type { AnalyzeEngagementPatternsInput, AnalyzeEngagementPatternsOutput } from './pattern-contract.ts'
import { OUTCOME_DAYS, predictiveInsights } from './pattern-insights.ts'
import { presentPersonas } from './personas.ts'
import { countWhom, patternOutcomes, patternQuestions, userPersonas } from './store/patterns.ts'
import type { PatternQuery, PatternRow } from './store/patterns.ts'

const TTL_SECONDS = 900

/** How customers use the product, and how that goes with their health. At most fifteen minutes old. */
export function analyzeEngagementPatterns(settings: HealthSettings) {
  return async (ctx: Ctx, input: AnalyzeEngagementPatternsInput): Promise<AnalyzeEngagementPatternsOutput> => {
    const clientId = input.scope_filter?.client_id
    if (clientId !== undefined) await requireCustomer(ctx, clientId)
    const query = queryOf(input, dayOf(ctx.clock()))
    const key = `customers:patterns:${query.end}:${JSON.stringify(input)}`
    return ctx.cache.getOrLoad(
      ctx.tenantId,
      key,
      {
        name: 'customers.engagement-patterns',
        ttlSeconds: TTL_SECONDS,
        tags: [customerTags.segments, customerTags.clients, customerTags.all],
      },
      async () => {
        const asked = { input, query }
        return {
          ...(await analyze(ctx, asked)),
          ...(input.predictive_insights && { predictive_insights: await predict(ctx, asked, settings) }),
        }
      },
    )
  }
}

function queryOf(input: AnalyzeEngagementPatternsInput, end: string): PatternQuery {
  const filter = input.scope_filter ?? {}
  return {
    clientId: filter.client_id,
    segmentId: filter.segment_id,
    tier: filter.tier,
    industry: filter.industry,
    stage: filter.lifecycle_stage,
    start: addDays(end, 1 - input.lookback_period_days),
    end,
  }
}

interface Asked {
  readonly input: AnalyzeEngagementPatternsInput
  readonly query: PatternQuery
}

/** The patterns of the same length of time, ended so long ago that what became of the customers is known. */
async function predict(ctx: Ctx, { input, query }: Asked, { atRiskBelow }: HealthSettings) {
  const before = { ...query, start: addDays(query.start, -OUTCOME_DAYS), end: addDays(query.end, -OUTCOME_DAYS) }
  return predictiveInsights(await patternOutcomes(ctx, before, atRiskBelow), input.min_pattern_confidence)
}

async function analyze(
  ctx: Ctx,
  { input, query }: Asked,
): Promise<Omit<AnalyzeEngagementPatternsOutput, 'predictive_insights'>> {
  const wants = new Set(input.pattern_types ?? PATTERN_TYPES)
  const ask = patternQuestions
  const rows = (await ask.patterns(ctx, query)).filter((row) => row.customers >= input.min_customers)
  const weekdays = wants.has('temporal') ? await ask.weekdays(ctx, query) : undefined
  const events = weekdays?.reduce((sum, day) => sum + day.events, 0) ?? 0
  const anomalies = input.anomaly_detection ? await ask.anomalies(ctx, query) : []
  return {
    status: rows.some((row) => row.pattern !== 'silent') ? 'success' : 'not_enough_data',
    customers_analyzed: await countWhom(ctx, query),
    period: { start: query.start, end: query.end },
    identified_patterns: rows.map(present),
    ...(weekdays !== undefined && {
      temporal_patterns: weekdays.map((day) => ({
        ...day,
        share: events === 0 ? 0 : roundShare(day.events / events),
      })),
    }),
    ...(wants.has('feature_usage') && { feature_patterns: await ask.features(ctx, query) }),
    ...(wants.has('communication') && {
      communication_patterns: (await ask.contact(ctx, query)).map((row) => ({
        ...row,
        average_health: roundScore(row.average_health),
      })),
    }),
    ...(wants.has('support') && { support_patterns: await ask.support(ctx, query) }),
    user_personas: presentPersonas(await userPersonas(ctx, query)),
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

/** Patterns whose customers are healthier, or less healthy, than those of the others by ten points. */
function contrast(rows: readonly PatternRow[]): { success_patterns: string[]; risk_patterns: string[] } {
  const scored = rows.flatMap(({ pattern, customers, average_health: health }) =>
    health === null || customers < CUSTOMERS_MIN ? [] : [{ pattern, health }],
  )
  const mean = scored.reduce((sum, row) => sum + row.health, 0) / Math.max(1, scored.length)
  const tell = (row: { pattern: string; health: number }) => `${row.pattern}: average health ${roundScore(row.health)}`
  return {
    success_patterns: scored.filter((row) => row.health >= mean + HEALTH_GAP).map(tell),
    risk_patterns: scored.filter((row) => row.health <= mean - HEALTH_GAP).map(tell),
  }
}

const CUSTOMERS_MIN = 3
const HEALTH_GAP = 10
