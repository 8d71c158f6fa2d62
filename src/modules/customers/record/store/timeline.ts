import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { newId } from '#kernel/ids'
import type { WriteCtx } from '#kernel/writes/change'
import { EVENT_TYPES, TimelineEntry } from '../timeline-contract.ts'

const EntryFields = TimelineEntry.omit({ event_id: true, timestamp: true })

const insert = writing(
  'customers.insert-timeline-event',
  sql`insert into customers.timeline_events (tenant_id, client_id, occurred_at, event_id, event_type, category, title,
      description, metadata, impact, severity)
    values (:tenant_id, :client_id, :now, :event_id, :event_type, :category, :title, :description, :metadata, :impact,
      :severity)`,
  {
    params: { ...EntryFields.shape, metadata: z.string(), client_id: z.string(), now: z.date(), event_id: z.string() },
  },
)

export type NewTimelineEvent = Pick<TimelineEntry, 'event_type' | 'category' | 'title'> &
  Partial<Pick<TimelineEntry, 'description' | 'metadata' | 'impact' | 'severity'>>

/** Adds an entry to a customer's timeline, within the transaction of the change it describes. */
export async function addTimelineEvent(ctx: WriteCtx, clientId: string, event: NewTimelineEvent): Promise<void> {
  const now = ctx.clock()
  await insert(ctx, {
    description: '',
    impact: 'neutral',
    severity: 'info',
    ...event,
    metadata: JSON.stringify(event.metadata ?? {}),
    client_id: clientId,
    now,
    event_id: newId('evt', now),
  })
}

const TimelineRow = TimelineEntry.omit({ timestamp: true }).extend({ occurred_at: z.date() })
export type TimelineRow = z.output<typeof TimelineRow>

const Landmark = TimelineRow.pick({ occurred_at: true, title: true })

const TimelineCount = TimelineEntry.pick({ event_type: true, impact: true }).extend({
  events: z.int(),
  later_half: z.int(),
  last_7_days: z.int(),
  last_30_days: z.int(),
})
export type TimelineCount = z.output<typeof TimelineCount>

/**
 * The timeline as a common table expression: recorded events together with tickets, survey answers and milestones from
 * their own tables. `from` and `before` bound the instants.
 */
const TIMELINE = sql`timeline as (
  select event_id, occurred_at, event_type, category, title, description, metadata, impact, severity
  from customers.timeline_events
  where tenant_id = :tenant_id and client_id = :client_id and occurred_at >= :from and occurred_at < :before
  union all
  select 'opened_' || ticket_id, opened_at, 'support', 'ticket_opened', 'Ticket opened: ' || coalesce(subject, category), '',
    jsonb_build_object('ticket_id', ticket_id, 'priority', priority, 'category', category),
    case when priority in ('P0', 'P1') then 'negative' else 'neutral' end,
    case priority when 'P0' then 'critical' when 'P1' then 'high' when 'P2' then 'medium' else 'low' end
  from customers.tickets where tenant_id = :tenant_id and client_id = :client_id and opened_at >= :from and opened_at < :before
  union all
  select 'resolved_' || ticket_id, coalesce(resolved_at, closed_at), 'support', 'ticket_resolved',
    'Ticket resolved: ' || coalesce(subject, category), '',
    jsonb_build_object('ticket_id', ticket_id, 'priority', priority), 'neutral', 'info'
  from customers.tickets
  where tenant_id = :tenant_id and client_id = :client_id and coalesce(resolved_at, closed_at) >= :from and coalesce(resolved_at, closed_at) < :before
  union all
  select 'answer_' || answer_id, responded_at, 'communication', 'survey_answer',
    upper(kind) || ' answer: ' || score, coalesce(comment, ''), jsonb_build_object('kind', kind, 'score', score),
    case when percent >= 80 then 'positive' when percent < 50 then 'negative' else 'neutral' end,
    case when percent < 25 then 'high' when percent < 50 then 'medium' else 'info' end
  from customers.survey_answers where tenant_id = :tenant_id and client_id = :client_id and responded_at >= :from and responded_at < :before
  union all
  select 'milestone_' || framework || '_' || milestone_id, achieved_at, 'onboarding', 'milestone',
    'Milestone reached: ' || milestone_name, '', evidence, 'positive', 'info'
  from customers.milestones where tenant_id = :tenant_id and client_id = :client_id and achieved_at >= :from and achieved_at < :before),
wanted as (select * from timeline where event_type = any(:event_types))`

const OfRange = { client_id: z.string(), from: z.date(), before: z.date(), event_types: z.array(z.string()) }

const list = statement(
  'customers.list-timeline',
  sql`with ${TIMELINE} select * from wanted order by occurred_at desc, event_id desc limit :limit`,
  { params: { ...OfRange, limit: z.int() }, row: TimelineRow },
)

const landmarks = statement(
  'customers.list-landmarks',
  sql`with ${TIMELINE} select occurred_at, title from wanted where category = 'milestone' or severity = 'critical'
    order by occurred_at desc, event_id desc limit 10`,
  { params: OfRange, row: Landmark },
)

const count = statement(
  'customers.count-timeline',
  sql`with ${TIMELINE} select event_type, impact, count(*) as events,
      count(*) filter (where occurred_at >= :from::timestamptz + (:before::timestamptz - :from::timestamptz) / 2) as later_half,
      count(*) filter (where occurred_at > :now::timestamptz - interval '7 days' and occurred_at <= :now) as last_7_days,
      count(*) filter (where occurred_at > :now::timestamptz - interval '30 days' and occurred_at <= :now) as last_30_days
    from wanted group by event_type, impact order by event_type, impact`,
  { params: { ...OfRange, now: z.date() }, row: TimelineCount },
)

export interface TimelineQuery {
  readonly clientId: string
  readonly from: Date
  readonly before: Date
  /** All types if undefined. */
  readonly eventTypes: readonly string[] | undefined
}

const rangeOf = ({ clientId, from, before, eventTypes }: TimelineQuery) => ({
  client_id: clientId,
  from,
  before,
  event_types: [...(eventTypes ?? EVENT_TYPES)],
})

/** Lists timeline entries, newest first; equal instants are ordered by id, so that results are repeatable. */
export async function listTimeline(ctx: Ctx, query: TimelineQuery, limit: number): Promise<TimelineRow[]> {
  return list(ctx, { ...rangeOf(query), limit })
}

/** The ten newest milestones and critical events in the whole range. */
export async function listLandmarks(ctx: Ctx, query: TimelineQuery): Promise<z.output<typeof Landmark>[]> {
  return landmarks(ctx, rangeOf(query))
}

/** Counts entries over the whole range, not only those `listTimeline` returned. */
export async function countTimeline(ctx: Ctx, query: TimelineQuery): Promise<TimelineCount[]> {
  return count(ctx, { ...rangeOf(query), now: ctx.clock() })
}
