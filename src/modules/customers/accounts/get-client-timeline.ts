import { query } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { addDays, dayOf } from '../record/days.ts'
import { requireCustomer } from '../record/store/customers.ts'
import { countTimeline, listLandmarks, listTimeline } from '../record/store/timeline.ts'
import type { TimelineCount } from '../record/store/timeline.ts'
import { GetClientTimelineInput, GetClientTimelineOutput } from '../record/timeline-contract.ts'

const RANGE_DAYS_DEFAULT = 90
/** The minimum of events from which a trajectory is computed. */
const TRAJECTORY_EVENTS_MIN = 4

/** A customer's timeline, newest first, with counts over the whole range. Days are UTC. */
export const getClientTimeline = query({
  scope: 'customers:read',
  input: GetClientTimelineInput,
  output: GetClientTimelineOutput,
  run: async (ctx, input): Promise<GetClientTimelineOutput> => {
    await requireCustomer(ctx, input.client_id)
    const end = input.end_date ?? dayOf(ctx.clock())
    const start = input.start_date ?? addDays(end, -RANGE_DAYS_DEFAULT)
    if (start > end) throw startsAfterEnd(end)
    const query = {
      clientId: input.client_id,
      from: new Date(`${start}T00:00:00Z`),
      before: new Date(`${addDays(end, 1)}T00:00:00Z`),
      eventTypes: input.event_types,
    }
    const rows = await listTimeline(ctx, query, input.limit)
    const counts = await countTimeline(ctx, query)
    const landmarks = await listLandmarks(ctx, query)
    const sentiment = { positive: 0, neutral: 0, negative: 0 }
    for (const { impact, events } of counts) sentiment[impact] += events
    const total = sum(counts, 'events')
    return {
      timeline: rows.map(({ occurred_at, ...row }) => ({ ...row, timestamp: occurred_at.toISOString() })),
      summary: {
        total_events: total,
        returned_events: rows.length,
        date_range: { start, end },
        event_type_breakdown: byType(counts),
        sentiment,
        overall_sentiment: total === 0 ? 'not_enough_data' : direction(sentiment.positive - sentiment.negative),
      },
      insights: {
        key_milestones: landmarks.map((row) => `${dayOf(row.occurred_at)} ${row.title}`),
        recent_activity: { last_7_days: sum(counts, 'last_7_days'), last_30_days: sum(counts, 'last_30_days') },
        trajectory: trajectory(counts),
      },
    }
  },
})

/**
 * The failure for one given date that contradicts the default of the other; two given dates are checked by the schema.
 */
function startsAfterEnd(end: string): Failure {
  const problem = {
    path: 'start_date',
    expected: `a date not after end_date (${end}, today unless given)`,
    example: addDays(end, -RANGE_DAYS_DEFAULT),
  }
  return new Failure('invalid', 'The range would end before it starts.', { code: 'INVALID_DATE', problems: [problem] })
}

function byType(counts: readonly TimelineCount[]): Record<string, number> {
  const types: Record<string, number> = {}
  for (const { event_type, events } of counts) types[event_type] = (types[event_type] ?? 0) + events
  return types
}

/** The trajectory: positive minus negative events in the later half of the range, compared with the earlier half. */
function trajectory(counts: readonly TimelineCount[]): GetClientTimelineOutput['insights']['trajectory'] {
  const telling = counts.filter((count) => count.impact !== 'neutral')
  if (sum(telling, 'events') < TRAJECTORY_EVENTS_MIN) return 'not_enough_data'
  let balance = 0
  for (const { impact, events, later_half } of telling) {
    balance += (impact === 'positive' ? 1 : -1) * (2 * later_half - events)
  }
  return balance > 0 ? 'improving' : balance < 0 ? 'declining' : 'steady'
}

function direction(balance: number): 'positive' | 'neutral' | 'negative' {
  return balance > 0 ? 'positive' : balance < 0 ? 'negative' : 'neutral'
}

function sum(counts: readonly TimelineCount[], of: 'events' | 'last_7_days' | 'last_30_days'): number {
  return counts.reduce((total, count) => total + count[of], 0)
}
