import { z } from 'zod'
import { ClientId, Day, Stage, Tier, text } from '../record/contract.ts'
import { NotEnoughData } from '../record/not-enough-data.ts'
import { UserPersonas } from './personas.ts'

export const PATTERN_TYPES = ['temporal', 'feature_usage', 'communication', 'support'] as const

const ScopeFilter = z
  .strictObject({
    client_id: ClientId,
    segment_id: text(100),
    tier: z.string().pipe(Tier),
    industry: text(100),
    lifecycle_stage: z.string().pipe(Stage),
  })
  .partial()

export const AnalyzeEngagementPatternsInput = z
  .strictObject({
    analysis_scope: z.enum(['all_customers', 'segment', 'individual']).default('all_customers'),
    scope_filter: ScopeFilter.optional().describe('individual: client_id; segment: any of the others'),
    pattern_types: z.array(z.enum(PATTERN_TYPES)).min(1).optional().describe('Default all'),
    lookback_period_days: z.int().min(7).max(365).default(90).describe('Days up to today'),
    anomaly_detection: z.boolean().default(true).describe('Unusual days of the last 14'),
    predictive_insights: z.boolean().default(true).describe('What followed each pattern'),
    min_pattern_confidence: z.number().min(0.5).max(0.99).default(0.7).describe('Confidence level of insights'),
    min_customers: z.int().min(1).default(1).describe('Leave out rarer patterns'),
  })
  .superRefine((input, issue) => {
    const filter = input.scope_filter ?? {}
    if (input.analysis_scope === 'individual' && filter.client_id === undefined) {
      issue.addIssue({ code: 'custom', path: ['scope_filter'], message: 'the customer, e.g. {"client_id": "cs_acme"}' })
    }
    if (input.analysis_scope === 'segment' && Object.keys(filter).length === 0) {
      issue.addIssue({
        code: 'custom',
        path: ['scope_filter'],
        message: 'the customers to analyze, e.g. {"tier": "enterprise"}',
      })
    }
  })
export type AnalyzeEngagementPatternsInput = z.output<typeof AnalyzeEngagementPatternsInput>

const Pattern = z.strictObject({
  pattern: z.string(),
  rule: z.string(),
  customers: z.int(),
  share: z.number(),
  average_health: z.number().nullable(),
  average_churn_probability: z.number().nullable(),
})

const PatternInsights = z.strictObject({
  status: z.literal('observed'),
  method: z.string(),
  patterns_compared: z.int(),
  insights: z.array(
    z.strictObject({
      pattern: z.string(),
      customers: z.int(),
      share_lost: z.number(),
      interval: z.array(z.number()).length(2),
      others: z.int(),
      others_share_lost: z.number(),
    }),
  ),
})

export const AnalyzeEngagementPatternsOutput = z.strictObject({
  status: z.enum(['success', 'not_enough_data']),
  customers_analyzed: z.int(),
  period: z.strictObject({ start: Day, end: Day }),
  identified_patterns: z.array(Pattern),
  temporal_patterns: z.array(z.strictObject({ weekday: z.string(), events: z.int(), share: z.number() })).optional(),
  feature_patterns: z.array(z.strictObject({ feature: z.string(), customers: z.int(), events: z.int() })).optional(),
  communication_patterns: z
    .array(z.strictObject({ last_contact: z.string(), customers: z.int(), average_health: z.number().nullable() }))
    .optional(),
  support_patterns: z.array(z.strictObject({ category: z.string(), tickets: z.int(), customers: z.int() })).optional(),
  user_personas: UserPersonas,
  success_patterns: z.array(z.string()),
  risk_patterns: z.array(z.string()),
  anomalies: z.array(
    z.strictObject({
      client_id: z.string(),
      day: Day,
      events: z.int(),
      usual: z.number(),
      standard_deviations: z.number(),
    }),
  ),
  predictive_insights: z.union([PatternInsights, NotEnoughData]).optional(),
})
export type AnalyzeEngagementPatternsOutput = z.output<typeof AnalyzeEngagementPatternsOutput>
