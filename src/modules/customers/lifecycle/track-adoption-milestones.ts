import { operation } from '#kernel/calls/operation'
import { change } from '#kernel/writes/change'
import { customerEvents } from '../domain-events.ts'
import { customerTags } from '../record/cache-tags.ts'
import { requireCustomer } from '../record/store/customers.ts'
import { dayOf, daysBetween } from '../record/days.ts'
import { notEnoughData } from '../record/not-enough-data.ts'
import { roundScore, roundShare, roundTo } from '../record/rounding.ts'
import { rollUp } from '../events/roll-up.ts'
import { TrackAdoptionMilestonesInput, TrackAdoptionMilestonesOutput } from './milestone-contract.ts'
import { STANDARD_MILESTONES, customDefinitions } from './milestone-definitions.ts'
import { milestoneCompletion, milestoneProgress, recordMilestones } from './store/milestones.ts'
import type { CompletionRow, MilestoneQuery, NewMilestone, ProgressRow } from './store/milestones.ts'

const STUCK_AFTER_DAYS = 45
const FAST_DAYS_A_MILESTONE = 10
const SHOWN_MAX = 20
const PEERS_MIN = 3

const track = change({
  action: 'customers.record-milestones',
  scope: 'customers:write',
  effect: 'update',
  input: TrackAdoptionMilestonesInput,
  output: TrackAdoptionMilestonesOutput,
  async work(ctx, input) {
    const { client_id: clientId, custom_milestones: custom } = input
    if (clientId !== undefined) await requireCustomer(ctx, clientId)
    const query: MilestoneQuery = {
      clientId,
      day: dayOf(ctx.clock()),
      framework: custom === undefined ? 'standard' : 'custom',
      definitions: custom === undefined ? STANDARD_MILESTONES : customDefinitions(custom),
    }
    const recorded = await recordMilestones(ctx, query, custom)
    const rows = await milestoneProgress(ctx, query, input)
    const like = input.milestone_framework === 'industry_specific' ? clientId : undefined
    const completion = input.include_benchmarks ? await milestoneCompletion(ctx, query, like) : undefined
    return {
      result: present(input, { query, recorded, rows, completion }),
      subject: clientId ?? '*',
      after: { recorded: recorded.length },
      events: recorded.length === 0 ? [] : [customerEvents.milestonesReached({ count: recorded.length })],
      invalidates: [clientId === undefined ? customerTags.overviews : customerTags.client(clientId)],
    }
  },
})

/** Detects from usage, surveys and contacts which milestones customers have reached, and stores them. */
export const trackAdoptionMilestones = operation({
  scope: 'customers:write',
  effect: 'update',
  input: TrackAdoptionMilestonesInput,
  output: TrackAdoptionMilestonesOutput,
  calls: [track],
  async run(ctx, input) {
    if (input.client_id !== undefined) await rollUp(ctx, { clientId: input.client_id })
    return track(ctx, input)
  },
})

interface Found {
  readonly query: MilestoneQuery
  readonly recorded: readonly NewMilestone[]
  readonly rows: readonly ProgressRow[]
  readonly completion: readonly CompletionRow[] | undefined
}

function present(input: TrackAdoptionMilestonesInput, found: Found): TrackAdoptionMilestonesOutput {
  const { query, recorded, rows, completion } = found
  const progress = rows.map((row) => progressOf(row, query))
  const stuck = progress.filter((row) => row.pace === 'stuck')
  return {
    milestone_definitions: [...query.definitions],
    total_customers: rows[0]?.total ?? 0,
    customer_progress: progress,
    newly_recorded: recorded.length,
    ...(completion !== undefined && { completion: completionOf(completion) }),
    celebration_opportunities: input.celebration_recommendations
      ? recorded.slice(0, SHOWN_MAX).map((row) => `${row.client_id}: ${row.milestone_name}`)
      : [],
    interventions: stuck
      .slice(0, SHOWN_MAX)
      .map(
        (row) =>
          `${row.client_id}: no milestone for ${row.days_since_last ?? 0} days; help with ${row.next_milestone ?? ''}`,
      ),
  }
}

function progressOf(
  row: ProgressRow,
  query: MilestoneQuery,
): TrackAdoptionMilestonesOutput['customer_progress'][number] {
  const achieved = { ...row.achieved }
  const completed = Object.keys(achieved).length
  const next = query.definitions.find(({ milestone_id }) => achieved[milestone_id] === undefined)?.milestone_id ?? null
  const since = Math.max(0, daysBetween(row.last_day ?? row.contract_start_date, query.day))
  return {
    client_id: row.client_id,
    completed,
    of: query.definitions.length,
    achieved,
    next_milestone: next,
    days_since_last: row.last_day === null ? null : since,
    pace: next === null ? 'completed' : paceOf(row, { completed, since, day: query.day }),
  }
}

function paceOf(
  row: ProgressRow,
  { completed, since, day }: { completed: number; since: number; day: string },
): 'fast' | 'on_track' | 'stuck' {
  if (since > STUCK_AFTER_DAYS) return 'stuck'
  const tenure = Math.max(1, daysBetween(row.contract_start_date, day))
  return completed > 0 && tenure / completed <= FAST_DAYS_A_MILESTONE ? 'fast' : 'on_track'
}

function completionOf(rows: readonly CompletionRow[]): TrackAdoptionMilestonesOutput['completion'] {
  const customers = rows[0]?.customers ?? 0
  if (customers < PEERS_MIN) {
    return notEnoughData(`${PEERS_MIN} customers to compare; there are ${customers}`)
  }
  return rows.map((row) => ({
    milestone_id: row.milestone_id,
    completed: row.completed,
    rate: roundShare(row.completed / row.customers),
    median_days: roundTo(row.median_days, 0),
    health_reached: roundScore(row.health_reached),
    health_others: roundScore(row.health_others),
  }))
}
