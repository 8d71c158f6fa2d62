import { z } from 'zod'
import { ClientId, Day, text } from '../record/contract.ts'
import { NotEnoughData } from '../record/not-enough-data.ts'
import { PageOffset, pageLimit } from '../record/page.ts'

const CustomMilestone = z.strictObject({
  milestone_id: z.string().refine((id) => /^[a-z0-9_]{1,60}$/.test(id), 'a–z, 0–9 and _, such as first_100_events'),
  name: text(200),
  metric: z.enum(['active_days', 'events', 'users', 'features']),
  target: z.int().refine((target) => target >= 1, 'at least 1'),
})
export type CustomMilestone = z.output<typeof CustomMilestone>

export const TrackAdoptionMilestonesInput = z
  .strictObject({
    client_id: ClientId.optional().describe('Absent: all customers'),
    milestone_framework: z
      .enum(['standard', 'custom', 'industry_specific'])
      .default('standard')
      .describe('industry_specific: standard, compared within the industry'),
    custom_milestones: z.array(CustomMilestone).min(1).max(20).optional().describe('For custom'),
    include_benchmarks: z.boolean().default(true),
    celebration_recommendations: z.boolean().default(true),
    limit: pageLimit({ rowsDefault: 25, rowsMax: 200 }),
    offset: PageOffset,
  })
  .superRefine((input, issue) => {
    if ((input.milestone_framework === 'custom') === (input.custom_milestones !== undefined)) return
    issue.addIssue({
      code: 'custom',
      path: ['custom_milestones'],
      message:
        'milestones with, and only with, milestone_framework custom, e.g. [{"milestone_id": "ten_users", "name": "Ten users", "metric": "users", "target": 10}]',
    })
  })
export type TrackAdoptionMilestonesInput = z.output<typeof TrackAdoptionMilestonesInput>

const Completion = z.strictObject({
  milestone_id: z.string(),
  completed: z.int(),
  rate: z.number().min(0).max(1),
  median_days: z.number().nullable(),
  health_reached: z.number().nullable(),
  health_others: z.number().nullable(),
})

export const TrackAdoptionMilestonesOutput = z.strictObject({
  milestone_definitions: z.array(
    z.strictObject({ milestone_id: z.string(), name: z.string(), reached_when: z.string() }),
  ),
  total_customers: z.int(),
  customer_progress: z.array(
    z.strictObject({
      client_id: z.string(),
      completed: z.int(),
      of: z.int(),
      achieved: z.record(z.string(), Day),
      next_milestone: z.string().nullable(),
      days_since_last: z.int().nullable(),
      pace: z.enum(['completed', 'fast', 'on_track', 'stuck']),
    }),
  ),
  newly_recorded: z.int(),
  completion: z.union([z.array(Completion), NotEnoughData]).optional(),
  celebration_opportunities: z.array(z.string()),
  interventions: z.array(z.string()),
})
export type TrackAdoptionMilestonesOutput = z.output<typeof TrackAdoptionMilestonesOutput>
