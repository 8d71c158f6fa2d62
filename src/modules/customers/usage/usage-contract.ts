import { z } from 'zod'
import { ClientId, Day, IdempotencyKey, text } from '../record/contract.ts'
import { NotEnoughData } from '../record/not-enough-data.ts'
import { Instant } from '../record/instant.ts'

const DAYS_MAX = 365
const DAY_MILLISECONDS = 86_400_000
const DayOrInstant = z
  .string()
  .refine(
    (given) => z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(given).success,
    'an ISO date or time, e.g. 2026-10-01',
  )

export const TrackUsageEngagementInput = z
  .strictObject({
    client_id: ClientId,
    event_name: text(200).optional().describe('Record this event'),
    properties: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('Of the event; known: user_id, feature, duration_seconds, is_error'),
    period_start: DayOrInstant.optional().describe('Report from, e.g. 2026-10-01'),
    period_end: DayOrInstant.optional().describe('Report to, inclusive'),
    granularity: z.enum(['hourly', 'daily', 'weekly', 'monthly']).default('daily'),
    include_feature_breakdown: z.boolean().default(true),
    include_user_segmentation: z.boolean().default(true),
    benchmark_comparison: z.boolean().default(true).describe('Against your other customers'),
    idempotency_key: IdempotencyKey,
  })
  .superRefine((input, issue) => {
    const add = (path: string, message: string) => issue.addIssue({ code: 'custom', path: [path], message })
    const { event_name, period_start: start, period_end: end } = input
    if (event_name !== undefined) {
      if (start !== undefined || end !== undefined) add('period_start', 'no period with event_name: record or report')
      return
    }
    if (input.properties !== undefined) add('event_name', 'the event that has the properties, e.g. login')
    if (start === undefined) add('period_start', 'a date to report from, or event_name to record, e.g. 2026-10-01')
    if (end === undefined) add('period_end', 'the last day to report, e.g. 2026-10-31')
    if (start === undefined || end === undefined) return
    const days = (Date.parse(end) - Date.parse(start)) / DAY_MILLISECONDS
    if (days < 0) add('period_end', `a time not before period_start (${start})`)
    if (days > DAYS_MAX) add('period_end', `at most ${DAYS_MAX} days after period_start`)
    if (input.granularity === 'hourly' && days > 31) add('granularity', 'daily or coarser for more than 31 days')
  })
export type TrackUsageEngagementInput = z.output<typeof TrackUsageEngagementInput>

const Share = z.number().min(0).max(1)

export const TrackUsageEngagementOutput = z.strictObject({
  client_id: z.string(),
  recorded: z
    .strictObject({
      event_name: z.string(),
      message_id: z.string(),
      occurred_at: Instant,
      status: z.enum(['recorded', 'known_already']),
    })
    .optional(),
  period: z.strictObject({ start: Day, end: Day, days: z.int() }).optional(),
  engagement_metrics: z
    .strictObject({
      events: z.int(),
      active_days: z.int(),
      users: z.int(),
      daily_users_average: z.number(),
      stickiness: Share.nullable(),
      sessions: z.int(),
      minutes: z.number(),
      errors: z.int(),
    })
    .optional(),
  usage_analytics: z
    .strictObject({ features_used: z.int(), seats: z.int().nullable(), seat_utilisation: z.number().nullable() })
    .optional(),
  usage_trends: z
    .strictObject({
      series: z.array(z.strictObject({ at: z.string(), events: z.int(), users: z.int() })),
      events_before: z.int(),
      change: z.union([z.number(), NotEnoughData]),
    })
    .optional(),
  engagement_patterns: z
    .strictObject({ by_weekday: z.record(z.string(), z.int()), busiest_hour_utc: z.int().nullable() })
    .optional(),
  user_cohorts: z
    .union([
      z.strictObject({ power: z.int(), regular: z.int(), occasional: z.int(), lost: z.int(), new: z.int() }),
      NotEnoughData,
    ])
    .optional(),
  feature_adoption_timeline: z
    .array(
      z.strictObject({
        feature: z.string(),
        events: z.int(),
        active_days: z.int(),
        first_used: Day,
        last_used: Day,
        is_new: z.boolean(),
      }),
    )
    .optional(),
  activity_heatmap: z.array(z.strictObject({ weekday: z.string(), hour_utc: z.int(), events: z.int() })).optional(),
  benchmark_insights: z
    .union([
      z.strictObject({ peers: z.int(), tier: z.string(), percentile: Share, measure: z.string() }),
      NotEnoughData,
    ])
    .optional(),
  recommendations: z.array(z.string()).optional(),
  alerts: z.array(z.string()).optional(),
})
export type TrackUsageEngagementOutput = z.output<typeof TrackUsageEngagementOutput>
