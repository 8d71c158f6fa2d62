import { z } from 'zod'
import { ClientId, text } from '../record/contract.ts'
import { NotEnoughData } from '../record/not-enough-data.ts'
import { pageLimit } from '../record/page.ts'
import { UserPersonas } from './personas.ts'

export const TrackFeatureAdoptionInput = z.strictObject({
  client_id: ClientId.optional().describe('Absent: all customers'),
  feature_id: text(200).optional().describe('Only this feature'),
  time_period_days: z.int().min(1).max(365).default(90).describe('Days up to today'),
  adoption_threshold: z.number().min(0).max(1).default(0.2).describe('Share of active days that counts as adopted'),
  include_user_personas: z.boolean().default(true),
  optimization_recommendations: z.boolean().default(true),
  limit: pageLimit({ rowsDefault: 25, rowsMax: 200 }).describe('Most used features'),
})
export type TrackFeatureAdoptionInput = z.output<typeof TrackFeatureAdoptionInput>

const Rate = z.number().min(0).max(1)

const Feature = z.strictObject({
  feature: z.string(),
  customers_using: z.int(),
  customers_adopted: z.int(),
  adoption_rate: Rate,
  events: z.int(),
  change: z.number().nullable(),
  stickiness: Rate,
  new_customers: z.int(),
  adopters_health: z.number().nullable(),
  others_health: z.number().nullable(),
})

const Group = z.strictObject({ group: z.string(), customers: z.int(), adoption_rate: Rate })

export const TrackFeatureAdoptionOutput = z.strictObject({
  status: z.enum(['success', 'not_enough_data']),
  active_customers: z.int(),
  features_known: z.int(),
  overall_adoption_rate: z.union([Rate, NotEnoughData]),
  breakdown: z.array(Feature),
  by_tier: z.array(Group),
  by_lifecycle: z.array(Group),
  user_personas: UserPersonas.optional(),
  high_value_features: z.array(z.string()),
  underutilised_features: z.array(z.string()),
  recommendations: z.array(z.string()),
})
export type TrackFeatureAdoptionOutput = z.output<typeof TrackFeatureAdoptionOutput>
