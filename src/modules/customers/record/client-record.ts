import { z } from 'zod'
import { Day, STATUSES, Score, Stage, Tier, Trend } from './contract.ts'
import { Instant } from './instant.ts'
import { fromCents } from './money.ts'
import { roundShare } from './rounding.ts'
import type { CustomerRow } from './store/customers.ts'

export const ClientRecord = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  company_name: z.string(),
  industry: z.string(),
  tier: Tier,
  lifecycle_stage: Stage,
  status: z.enum(STATUSES),
  contract_value: z.number(),
  currency: z.string(),
  contract_start_date: Day,
  contract_end_date: Day.nullable(),
  renewal_date: Day.nullable(),
  primary_contact_email: z.string().nullable(),
  primary_contact_name: z.string().nullable(),
  csm_assigned: z.string().nullable(),
  users_provisioned: z.int().nullable(),
  health_score: Score.nullable(),
  health_trend: Trend,
  churn_probability: z.number().min(0).max(1).nullable(),
  last_engagement_at: Instant.nullable(),
  version: z.int(),
  created_at: Instant,
  updated_at: Instant,
})
export type ClientRecord = z.output<typeof ClientRecord>

/** Converts a stored customer to the tools' format: decimal money, ISO instants. */
export function clientRecord(row: CustomerRow): ClientRecord {
  const { contract_value_cents, seats, last_engagement_at, created_at, updated_at, ...same } = row
  return {
    ...same,
    churn_probability: roundShare(same.churn_probability),
    contract_value: fromCents(contract_value_cents),
    users_provisioned: seats,
    last_engagement_at: last_engagement_at?.toISOString() ?? null,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  }
}
