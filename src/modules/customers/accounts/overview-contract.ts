import { z } from 'zod'
import { ClientId, Day, RiskLevel, Score, Stage, Tier, Trend } from '../record/contract.ts'
import { EVENT_TYPES, IMPACTS } from '../record/timeline-contract.ts'
import { Instant } from '../record/instant.ts'

export const GetClientOverviewInput = z.strictObject({ client_id: ClientId })

export const Component = z.strictObject({
  score: Score.nullable(),
  weight: z.number().min(0).max(1),
  status: z.enum(['known', 'not_enough_data']),
})

export const GetClientOverviewOutput = z.strictObject({
  client_overview: z.strictObject({
    identity: z.strictObject({
      client_id: z.string(),
      client_name: z.string(),
      company_name: z.string(),
      industry: z.string(),
      tier: Tier,
      lifecycle_stage: Stage,
      status: z.string(),
      csm_assigned: z.string().nullable(),
      primary_contact_name: z.string().nullable(),
      primary_contact_email: z.string().nullable(),
      customer_since: Day,
      version: z.int(),
    }),
    onboarding: z.strictObject({ milestones_reached: z.int(), last_milestone: z.string().nullable() }),
    engagement: z.strictObject({
      last_contact_at: Instant.nullable(),
      days_since_contact: z.int().nullable(),
      contacts: z.int(),
      champions: z.int(),
    }),
    support: z.strictObject({
      open_tickets: z.int(),
      urgent_open: z.int(),
      opened_last_30_days: z.int(),
      satisfaction_percent: z.number().nullable(),
      survey_answers: z.int(),
    }),
    product_usage: z.strictObject({
      active_days_last_30: z.int(),
      events_last_30_days: z.int(),
      events_30_days_before: z.int(),
      most_users_in_a_day: z.int(),
      users_provisioned: z.int().nullable(),
      last_used_on: Day.nullable(),
    }),
    revenue: z.strictObject({
      contract_value: z.number(),
      currency: z.string(),
      is_high_value: z.boolean(),
      contract_end_date: Day.nullable(),
      renewal_date: Day.nullable(),
      days_until_renewal: z.int().nullable(),
      auto_renew: z.boolean().nullable(),
      payments_overdue: z.int(),
      amount_overdue: z.number(),
    }),
    communication: z.strictObject({ last_event: z.string().nullable(), last_event_at: Instant.nullable() }),
    risks: z.array(
      z.strictObject({
        indicator: z.string(),
        severity: RiskLevel,
        description: z.string(),
        detected_at: Instant,
      }),
    ),
    opportunities: z.array(z.string()),
    recent_activity: z.array(
      z.strictObject({
        timestamp: Instant,
        event_type: z.enum(EVENT_TYPES),
        title: z.string(),
        impact: z.enum(IMPACTS),
      }),
    ),
  }),
  health_components: z.strictObject({
    usage: Component,
    engagement: Component,
    support: Component,
    satisfaction: Component,
    payment: Component,
  }),
  insights: z.strictObject({
    overall_status: z.enum(['champion', 'healthy', 'stable', 'at_risk', 'critical', 'churned', 'not_enough_data']),
    health_score: Score.nullable(),
    health_trend: Trend,
    health_as_of: Instant.nullable(),
    churn_probability: z.number().nullable(),
    key_strengths: z.array(z.string()),
    attention_areas: z.array(z.string()),
    recommended_actions: z.array(z.string()),
  }),
})
export type GetClientOverviewOutput = z.output<typeof GetClientOverviewOutput>
