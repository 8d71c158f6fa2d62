import { z } from 'zod'
import { ClientId, Day } from './contract.ts'
import { Instant } from './instant.ts'
import { pageLimit } from './page.ts'

export const EVENT_TYPES = [
  'onboarding',
  'support',
  'usage',
  'health',
  'communication',
  'renewal',
  'product',
  'contract',
] as const
export const IMPACTS = ['positive', 'neutral', 'negative'] as const
export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const

/** A plausible day. Others are typing errors, and their neighbouring days may have no four-digit year. */
const RealDay = Day.refine((day) => day >= '1970-01-01' && day < '2200-01-01', 'a date of the years 1970 to 2199')

export const GetClientTimelineInput = z
  .strictObject({
    client_id: ClientId,
    start_date: RealDay.optional().describe('Default 90 days ago'),
    end_date: RealDay.optional().describe('Last day; default today'),
    event_types: z.array(z.enum(EVENT_TYPES)).min(1).optional().describe('Default all'),
    limit: pageLimit({ rowsDefault: 100, rowsMax: 1000 }).describe('Newest entries'),
  })
  .superRefine((input, issue) => {
    const { start_date: start, end_date: end } = input
    if (start !== undefined && end !== undefined && end < start) {
      issue.addIssue({ code: 'custom', path: ['end_date'], message: `a date not before start_date (${start})` })
    }
  })
export type GetClientTimelineInput = z.output<typeof GetClientTimelineInput>

export const TimelineEntry = z.strictObject({
  event_id: z.string(),
  timestamp: Instant,
  event_type: z.enum(EVENT_TYPES),
  category: z.string(),
  title: z.string(),
  description: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  impact: z.enum(IMPACTS),
  severity: z.enum(SEVERITIES),
})
export type TimelineEntry = z.output<typeof TimelineEntry>

const Counts = z.strictObject({ positive: z.int(), neutral: z.int(), negative: z.int() })

export const GetClientTimelineOutput = z.strictObject({
  timeline: z.array(TimelineEntry),
  summary: z.strictObject({
    total_events: z.int(),
    returned_events: z.int(),
    date_range: z.strictObject({ start: Day, end: Day }),
    event_type_breakdown: z.record(z.string(), z.int()),
    sentiment: Counts,
    overall_sentiment: z.enum(['positive', 'neutral', 'negative', 'not_enough_data']),
  }),
  insights: z.strictObject({
    key_milestones: z.array(z.string()),
    recent_activity: z.strictObject({ last_7_days: z.int(), last_30_days: z.int() }),
    trajectory: z.enum(['improving', 'steady', 'declining', 'not_enough_data']),
  }),
})
export type GetClientTimelineOutput = z.output<typeof GetClientTimelineOutput>
