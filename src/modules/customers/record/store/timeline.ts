import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { newId } from '#kernel/ids'
import type { TimelineEntry } from '../timeline-contract.ts'

const insert = statement(
  'customers.insert-timeline-event',
  `insert into customers.timeline_events (tenant_id, client_id, occurred_at, event_id, event_type, category, title,
     description, metadata, impact, severity)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
)

export type NewTimelineEvent = Pick<TimelineEntry, 'event_type' | 'category' | 'title'> &
  Partial<Pick<TimelineEntry, 'description' | 'metadata' | 'impact' | 'severity'>>

/** Tells a customer's history, from inside the change that made it. */
export async function addTimelineEvent(ctx: Ctx, clientId: string, event: NewTimelineEvent): Promise<void> {
  const now = ctx.clock()
  await insert(ctx.db, [
    ctx.tenantId,
    clientId,
    now,
    newId('evt', now),
    event.event_type,
    event.category,
    event.title,
    event.description ?? '',
    JSON.stringify(event.metadata ?? {}),
    event.impact ?? 'neutral',
    event.severity ?? 'info',
  ])
}

export interface TimelineRow extends Omit<TimelineEntry, 'timestamp'> {
  readonly occurred_at: Date
}

/**
 * What happened to a customer: recorded events, and the tickets, survey answers and milestones, which need not be
 * recorded a second time. `from` and `before` bound the instants.
 */
const HAPPENED = `happened as (
  select event_id, occurred_at, event_type, category, title, description, metadata, impact, severity
  from customers.timeline_events
  where tenant_id = $1 and client_id = $2 and occurred_at >= $3 and occurred_at < $4
  union all
  select 'opened_' || ticket_id, opened_at, 'support', 'ticket_opened', 'Ticket opened: ' || coalesce(subject, category), '',
    jsonb_build_object('ticket_id', ticket_id, 'priority', priority, 'category', category),
    case when priority in ('P0', 'P1') then 'negative' else 'neutral' end,
    case priority when 'P0' then 'critical' when 'P1' then 'high' when 'P2' then 'medium' else 'low' end
  from customers.tickets where tenant_id = $1 and client_id = $2 and opened_at >= $3 and opened_at < $4
  union all
  select 'resolved_' || ticket_id, coalesce(resolved_at, closed_at), 'support', 'ticket_resolved',
    'Ticket resolved: ' || coalesce(subject, category), '',
    jsonb_build_object('ticket_id', ticket_id, 'priority', priority), 'neutral', 'info'
  from customers.tickets
  where tenant_id = $1 and client_id = $2 and coalesce(resolved_at, closed_at) >= $3 and coalesce(resolved_at, closed_at) < $4
  union all
  select 'answer_' || answer_id, responded_at, 'communication', 'survey_answer',
    upper(kind) || ' answer: ' || score, coalesce(comment, ''), jsonb_build_object('kind', kind, 'score', score),
    case when percent >= 80 then 'positive' when percent < 50 then 'negative' else 'neutral' end,
    case when percent < 25 then 'high' when percent < 50 then 'medium' else 'info' end
  from customers.survey_answers where tenant_id = $1 and client_id = $2 and responded_at >= $3 and responded_at < $4
  union all
  select 'milestone_' || framework || '_' || milestone_id, achieved_at, 'onboarding', 'milestone',
    'Milestone reached: ' || milestone_name, '', evidence, 'positive', 'info'
  from customers.milestones where tenant_id = $1 and client_id = $2 and achieved_at >= $3 and achieved_at < $4),
wanted as (select * from happened where $5::text[] is null or event_type = any ($5::text[]))`

const list = statement<TimelineRow>(
  'customers.list-timeline',
  `with ${HAPPENED} select * from wanted order by occurred_at desc, event_id desc limit $6`,
)

const landmarks = statement<Pick<TimelineRow, 'occurred_at' | 'title'>>(
  'customers.list-landmarks',
  `with ${HAPPENED} select occurred_at, title from wanted where category = 'milestone' or severity = 'critical'
   order by occurred_at desc, event_id desc limit 10`,
)

/** The ten newest milestones and critical events of the whole range. */
export async function listLandmarks(
  ctx: Ctx,
  query: TimelineQuery,
): Promise<Pick<TimelineRow, 'occurred_at' | 'title'>[]> {
  return landmarks(ctx.db, bounds(ctx, query))
}

export interface TimelineCount {
  readonly event_type: TimelineEntry['event_type']
  readonly impact: TimelineEntry['impact']
  readonly events: number
  readonly later_half: number
  readonly last_7_days: number
  readonly last_30_days: number
}

const count = statement<TimelineCount>(
  'customers.count-timeline',
  `with ${HAPPENED} select event_type, impact, count(*) as events,
     count(*) filter (where occurred_at >= $3::timestamptz + ($4::timestamptz - $3::timestamptz) / 2) as later_half,
     count(*) filter (where occurred_at > $6::timestamptz - interval '7 days' and occurred_at <= $6) as last_7_days,
     count(*) filter (where occurred_at > $6::timestamptz - interval '30 days' and occurred_at <= $6) as last_30_days
   from wanted group by event_type, impact order by event_type, impact`,
)

export interface TimelineQuery {
  readonly clientId: string
  readonly from: Date
  readonly before: Date
  readonly eventTypes: readonly string[] | undefined
}

const bounds = (ctx: Ctx, query: TimelineQuery) => [
  ctx.tenantId,
  query.clientId,
  query.from,
  query.before,
  query.eventTypes ?? null,
]

/** The newest first; equal instants by id, so that a repeated call answers the same. */
export async function listTimeline(ctx: Ctx, query: TimelineQuery, limit: number): Promise<TimelineRow[]> {
  return list(ctx.db, [...bounds(ctx, query), limit])
}

/** Counts over the whole range, not only over what `listTimeline` returned. */
export async function countTimeline(ctx: Ctx, query: TimelineQuery): Promise<TimelineCount[]> {
  return count(ctx.db, [...bounds(ctx, query), ctx.clock()])
}
