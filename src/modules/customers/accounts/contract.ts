import { z } from 'zod'
import { clearable } from '#kernel/calls/clearable'
import {
  ClientId,
  Day,
  IdempotencyKey,
  Money,
  RiskLevel,
  STATUSES,
  Score,
  Stage,
  Tier,
  Trend,
  text,
} from '../record/contract.ts'
import { Instant } from '../record/instant.ts'
import { ClientRecord } from '../record/client-record.ts'
import { PageOffset, Pagination, pageLimit } from '../record/page.ts'

const Name = text(200)
const Industry = text(100)
const Email = z.email().refine((address) => address.length <= 255, 'at most 255 characters')

const isSeatCount = (seats: number) => seats <= 10_000_000

export const RegisterClientInput = z
  .strictObject({
    client_name: Name,
    company_name: Name.optional().describe('Default client_name'),
    client_id: ClientId.optional().describe('Yours; default new'),
    industry: Industry.default('Technology'),
    contract_value: Money.default(0).describe('Annual'),
    contract_start_date: Day.optional().describe('Default today'),
    contract_end_date: Day.optional().describe('Default + 365 d'),
    primary_contact_email: Email.optional(),
    primary_contact_name: Name.optional(),
    tier: Tier.default('standard'),
    seats: z.int().min(1).refine(isSeatCount, 'at most 10000000').optional().describe('Users paid for'),
    idempotency_key: IdempotencyKey,
  })
  .superRefine((input, issue) => {
    const { contract_start_date: start, contract_end_date: end } = input
    if (start !== undefined && end !== undefined && end <= start) {
      issue.addIssue({
        code: 'custom',
        path: ['contract_end_date'],
        message: `a date later than contract_start_date (${start}), e.g. one year after it`,
      })
    }
  })
export type RegisterClientInput = z.output<typeof RegisterClientInput>

export const RegisterClientOutput = z.strictObject({
  client_id: z.string(),
  client_record: ClientRecord.extend({
    active_users: z.int().nullable(),
    feature_adoption_rate: z.number().nullable(),
    support_tickets_open: z.int(),
    satisfaction_score: z.number().nullable(),
  }),
  summary: z.strictObject({
    tier: Tier,
    contract_value: z.number(),
    contract_term_days: z.int(),
    days_until_renewal: z.int().nullable(),
    lifecycle_stage: Stage,
  }),
  next_steps: z.array(z.string()),
})
export type RegisterClientOutput = z.output<typeof RegisterClientOutput>

const Updates = z
  .strictObject({
    client_name: Name,
    company_name: Name,
    industry: Industry,
    tier: Tier,
    contract_value: Money,
    contract_start_date: Day,
    contract_end_date: Day,
    primary_contact_email: clearable(z.string().pipe(Email), ''),
    primary_contact_name: clearable(Name, ''),
    csm_assigned: clearable(Name, ''),
    status: z.enum(STATUSES),
  })
  .partial()
  .refine((updates) => Object.keys(updates).length > 0, 'at least one field, e.g. {"tier": "enterprise"}')

export const UpdateClientInfoInput = z.strictObject({
  client_id: ClientId,
  updates: Updates.describe('Empty text clears'),
  expected_version: z.int().optional().describe('Refuse if changed since'),
})
export type UpdateClientInfoInput = z.output<typeof UpdateClientInfoInput>

export const UpdateClientInfoOutput = z.strictObject({
  updated_fields: z.array(z.string()),
  updated_record: ClientRecord,
  audit: z.strictObject({
    updated_at: Instant,
    fields_changed: z.int(),
    previous_values: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
  }),
})
export type UpdateClientInfoOutput = z.output<typeof UpdateClientInfoOutput>

export const ListClientsInput = z
  .strictObject({
    tier_filter: Tier.optional(),
    lifecycle_stage_filter: Stage.optional(),
    health_score_min: Score.optional().describe('At least'),
    health_score_max: Score.optional().describe('At most; 60 finds those at risk'),
    sort_by: z
      .enum(['churn_risk', 'renewal', 'value', 'client_id'])
      .default('churn_risk')
      .describe('Riskiest, soonest, largest or by id first'),
    limit: pageLimit({ rowsDefault: 50, rowsMax: 1000 }),
    offset: PageOffset,
    response_format: z.enum(['concise', 'detailed']).default('detailed').describe('Concise: id, name, risk only'),
  })
  .superRefine((input, issue) => {
    const { health_score_min: min, health_score_max: max } = input
    if (min !== undefined && max !== undefined && min > max) {
      issue.addIssue({ code: 'custom', path: ['health_score_min'], message: `a score up to health_score_max (${max})` })
    }
  })
export type ListClientsInput = z.output<typeof ListClientsInput>

const ListedClient = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  health_score: Score.nullable(),
  risk_level: RiskLevel.nullable(),
  churn_probability: z.number().nullable(),
  top_risk: z.string().nullable(),
  days_until_renewal: z.int().nullable(),
  tier: Tier.optional(),
  lifecycle_stage: Stage.optional(),
  health_trend: Trend.optional(),
  contract_value: z.number().optional(),
  currency: z.string().optional(),
  csm_assigned: z.string().nullable().optional(),
  active_users: z.int().nullable().optional(),
  support_tickets_open: z.int().optional(),
})
export type ListedClient = z.output<typeof ListedClient>

export const ListClientsOutput = z.strictObject({
  clients: z.array(ListedClient),
  pagination: Pagination,
  filters_applied: z.record(z.string(), z.union([z.string(), z.number()])),
  summary: z.strictObject({
    total_clients: z.int(),
    average_health_score: z.number().nullable(),
    without_health_score: z.int(),
    total_arr: z.record(z.string(), z.number()),
    total_active_users: z.int(),
    lifecycle_breakdown: z.record(z.string(), z.int()),
  }),
})
export type ListClientsOutput = z.output<typeof ListClientsOutput>
