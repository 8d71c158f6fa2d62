import { z } from 'zod'
import { ClientId, STAGES, Stage, text } from '../record/contract.ts'
import { Instant } from '../record/instant.ts'

/** Alternative names accepted for stages. */
const ALIASES = { renewing: 'renewal', expanded: 'expansion' } as const
const NewStage = z
  .enum([...STAGES, 'renewing', 'expanded'])
  .transform((stage): Stage => (stage === 'renewing' || stage === 'expanded' ? ALIASES[stage] : stage))

export const ManageLifecycleStagesInput = z
  .strictObject({
    action: z.enum(['get_stage', 'update_stage', 'transition', 'get_history']).default('get_stage'),
    client_id: ClientId.optional().describe('Absent: all customers'),
    current_stage: z.string().pipe(Stage).optional().describe('Only this; on a transition: expected'),
    new_stage: NewStage.optional(),
    transition_reason: text(500).optional().describe('Stored reason'),
    automated: z.boolean().default(false),
    include_transitions: z.boolean().default(true),
    intervention_planning: z.boolean().default(true),
    automation_rules: z.boolean().default(true),
    notify_team: z.boolean().default(true).describe('Publish the move to subscribers'),
  })
  .superRefine((input, issue) => {
    const isMove = input.action === 'update_stage' || input.action === 'transition'
    if ((isMove || input.action === 'get_history') && input.client_id === undefined) {
      issue.addIssue({ code: 'custom', path: ['client_id'], message: `the customer to ${input.action}, e.g. cs_acme` })
    }
    if (isMove && input.new_stage === undefined) {
      issue.addIssue({ code: 'custom', path: ['new_stage'], message: 'the stage to move to, e.g. active' })
    }
    if (!isMove && input.new_stage !== undefined) {
      issue.addIssue({ code: 'custom', path: ['new_stage'], message: 'no value unless action is transition' })
    }
  })
export type ManageLifecycleStagesInput = z.output<typeof ManageLifecycleStagesInput>

export const ManageLifecycleStagesOutput = z.strictObject({
  action: z.string(),
  client: z
    .strictObject({
      client_id: z.string(),
      stage: Stage,
      since: Instant.nullable(),
      days_in_stage: z.int().nullable(),
      version: z.int(),
    })
    .optional(),
  moved: z.strictObject({ from: Stage, to: Stage }).optional(),
  unchanged: Stage.optional(),
  history: z
    .array(
      z.strictObject({
        at: Instant,
        from: z.string().nullable(),
        to: z.string(),
        reason: z.string().nullable(),
        automated: z.boolean(),
        by: z.string(),
      }),
    )
    .optional(),
  stage_distribution: z
    .array(
      z.strictObject({
        stage: Stage,
        customers: z.int(),
        average_health: z.number().nullable(),
        median_days_in_stage: z.number().nullable(),
        at_risk: z.int(),
      }),
    )
    .optional(),
  transitions: z.array(z.strictObject({ from: z.string(), to: z.string(), customers: z.int() })).optional(),
  suggested_moves: z
    .array(z.strictObject({ client_id: z.string(), from: Stage, to: Stage, because: z.string() }))
    .optional(),
  suggested_total: z.int().optional(),
  automation_rules: z.array(z.strictObject({ from: z.string(), to: Stage, when: z.string() })).optional(),
  notification: z
    .strictObject({ status: z.enum(['published', 'not_asked', 'no_change']), event: z.string(), told: z.string() })
    .optional(),
})
export type ManageLifecycleStagesOutput = z.output<typeof ManageLifecycleStagesOutput>
