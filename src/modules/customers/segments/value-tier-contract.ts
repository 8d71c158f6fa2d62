import { z } from 'zod'
import { Money } from '../record/contract.ts'
import { Criteria } from './segment-contract.ts'
import { VALUE_TIERS } from './value-tiers.ts'

const Bound = z.number().pipe(Money)
const isRising = (bounds: readonly number[]) => bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] ?? 0))

export const SegmentByValueTierInput = z
  .strictObject({
    model: z
      .enum(['arr_based', 'potential_based', 'strategic_value'])
      .default('arr_based')
      .describe('Only arr_based has data yet'),
    segmentation_criteria: Criteria.omit({ name: true }).default({}).describe('Only customers that match'),
    tier_definitions: z
      .strictObject({ standard: Bound, professional: Bound, enterprise: Bound, strategic: Bound })
      .refine(
        ({ standard, professional, enterprise, strategic }) =>
          isRising([standard, professional, enterprise, strategic]),
        'rising bounds, e.g. {"standard": 10000, "professional": 50000, "enterprise": 100000, "strategic": 200000}',
      )
      .optional()
      .describe('Annual value from which each tier begins'),
    thresholds: z
      .array(Bound)
      .length(4)
      .refine(isRising, 'four rising amounts, e.g. [10000, 50000, 100000, 250000]')
      .optional()
      .describe('The same as a list'),
    service_level_mapping: z.boolean().default(true),
    vip_identification: z.boolean().default(true),
    resource_planning: z.boolean().default(true),
  })
  .superRefine((input, issue) => {
    if (input.thresholds === undefined || input.tier_definitions === undefined) return
    issue.addIssue({
      code: 'custom',
      path: ['thresholds'],
      message: 'no value with tier_definitions, which says the same',
    })
  })
export type SegmentByValueTierInput = z.output<typeof SegmentByValueTierInput>

const ValueTier = z.enum(VALUE_TIERS)
const Account = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  value_tier: ValueTier,
  arr: z.number(),
  health_score: z.number().nullable(),
})

export const SegmentByValueTierOutput = z.strictObject({
  total_customers: z.int(),
  total_arr: z.number(),
  currencies: z.array(z.string()),
  tier_distribution: z.array(
    z.strictObject({
      value_tier: ValueTier,
      segment_id: z.string(),
      customers: z.int(),
      arr: z.number(),
      share_of_arr: z.number(),
      average_health: z.number().nullable(),
      at_risk: z.int(),
    }),
  ),
  value_concentration: z.strictObject({ top_10_percent_customers: z.int(), share_of_arr: z.number() }),
  vip_accounts: z.array(Account),
  service_levels: z.array(
    z.strictObject({ value_tier: ValueTier, accounts_per_csm: z.int().nullable(), support_hours: z.int() }),
  ),
  csm_allocation: z.array(z.strictObject({ value_tier: ValueTier, csms_needed: z.number() })),
  upgrade_candidates: z.array(Account),
  downgrade_risks: z.array(Account),
  recommended_actions: z.array(z.string()),
})
export type SegmentByValueTierOutput = z.output<typeof SegmentByValueTierOutput>
