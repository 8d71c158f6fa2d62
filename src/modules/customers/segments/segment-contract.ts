import { z } from 'zod'
import { Money, Score, Stage, Tier, text } from '../record/contract.ts'

/** The customers to include; criteria are combined with AND. */
export const Criteria = z
  .strictObject({
    name: text(100),
    tier: z.string().pipe(Tier),
    industry: text(100),
    lifecycle_stage: z.string().pipe(Stage),
    value_min: z.number().pipe(Money),
    value_max: z.number().pipe(Money),
    health_min: z.number().pipe(Score),
    health_max: z.number().pipe(Score),
  })
  .partial()
export type Criteria = z.output<typeof Criteria>

export const SEGMENTATIONS = ['value_based', 'usage_based', 'health_based', 'industry', 'lifecycle', 'custom'] as const

export const SegmentCustomersInput = z
  .strictObject({
    segmentation_type: z.enum(SEGMENTATIONS),
    criteria: Criteria.default({}).describe('Only customers that match; custom: the segment itself, with name'),
    min_segment_size: z.int().min(1).default(5).describe('Smaller ones are left out'),
    max_segments: z.int().min(1).max(100).default(10).describe('Largest segments'),
    include_recommendations: z.boolean().default(true),
    benchmark_analysis: z.boolean().default(true).describe('Each against all your customers'),
    output_format: z
      .enum(['detailed', 'summary', 'ids_only'])
      .default('summary')
      .describe('detailed: ids too, 100 a segment'),
  })
  .superRefine((input, issue) => {
    if (input.segmentation_type !== 'custom') return
    if (Object.keys(input.criteria).some((key) => key !== 'name')) return
    issue.addIssue({
      code: 'custom',
      path: ['criteria'],
      message:
        'at least one criterion for a custom segment, e.g. {"name": "Large at risk", "value_min": 50000, "health_max": 60}',
    })
  })
export type SegmentCustomersInput = z.output<typeof SegmentCustomersInput>

/** Differences from the average of all analyzed customers; null if either has no score. */
const AgainstAll = z.strictObject({
  average_health: z.number().nullable(),
  average_churn_probability: z.number().nullable(),
  at_risk_share: z.number(),
  arr_per_customer: z.number(),
})

export const Segment = z.strictObject({
  segment_id: z.string(),
  segment_name: z.string(),
  customer_count: z.int(),
  share: z.number(),
  total_arr: z.number().optional(),
  average_health: z.number().nullable().optional(),
  average_churn_probability: z.number().nullable().optional(),
  at_risk: z.int().optional(),
  characteristics: z.strictObject({ most_common_tier: z.string(), most_common_industry: z.string() }).optional(),
  against_all_customers: AgainstAll.optional(),
  engagement_strategy: z.string().optional(),
  client_ids: z.array(z.string()).optional(),
})
export type Segment = z.output<typeof Segment>

export const SegmentCustomersOutput = z.strictObject({
  total_customers_analyzed: z.int(),
  segments_created: z.int(),
  segments: z.array(Segment),
  left_out: z.array(z.strictObject({ segment_name: z.string(), customer_count: z.int() })),
  cross_segment_analysis: z.strictObject({
    largest_arr: z.string().nullable(),
    lowest_health: z.string().nullable(),
    most_at_risk: z.string().nullable(),
  }),
  segment_migration: z.array(z.strictObject({ from: z.string(), to: z.string(), customers: z.int() })),
  recommendations: z.array(z.string()),
})
export type SegmentCustomersOutput = z.output<typeof SegmentCustomersOutput>
