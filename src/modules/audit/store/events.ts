import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { ChainEvent } from '../chain/record.ts'

/** Everything of an event, as it is hashed. */
export const EVENT_COLUMNS = `event.tenant_id, event.id,
  to_char(event.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, event.actor_kind, event.actor_id, event.action,
  event.subject, event.before, event.after, event.people, event.request_id, event.outcome`

/** Which events to list; what is absent does not narrow. Texts are compared whole. */
export interface EventFilter {
  readonly action?: string | undefined
  readonly actor?: string | undefined
  readonly subject?: string | undefined
  readonly outcome?: string | undefined
  readonly request_id?: string | undefined
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  /** Ids between which the times lie, so that the index is read from there. */
  readonly firstId?: string | undefined
  readonly beforeId?: string | undefined
}

const listStatement = statement<ChainEvent>(
  'audit.list-events',
  `select ${EVENT_COLUMNS} from audit.events as event
   where tenant_id = $1 and ($2::text is null or action = $2) and ($3::text is null or actor_id = $3)
     and ($4::text is null or subject = $4) and ($5::text is null or outcome = $5) and ($6::text is null or request_id = $6)
     and ($7::timestamptz is null or at >= $7) and ($8::timestamptz is null or at < $8)
     and ($9::text is null or id >= $9) and ($10::text is null or id < $10)
   order by id desc limit $11`,
)

/** The newest first. */
export function listEvents(db: Db, tenantId: string, filter: EventFilter, limit: number): Promise<ChainEvent[]> {
  const { action, actor, subject, outcome, request_id, from, to, firstId, beforeId } = filter
  return listStatement(db, [tenantId, action, actor, subject, outcome, request_id, from, to, firstId, beforeId, limit])
}

const ofPersonStatement = statement<ChainEvent>(
  'audit.events-of-person',
  `select ${EVENT_COLUMNS} from audit.events as event
   where tenant_id = $1 and (people && $2::text[] or (actor_kind = 'user' and actor_id = any ($3)) or subject = any ($3))
     and id > $4
   order by id limit $5`,
)

/** Events that this person made, that are about them, or that hold values of theirs; oldest first. */
export function eventsOfPerson(
  db: Db,
  tenantId: string,
  { refs, ids }: { readonly refs: readonly string[]; readonly ids: readonly string[] },
  afterId: string,
  limit: number,
): Promise<ChainEvent[]> {
  return ofPersonStatement(db, [tenantId, refs, ids, afterId, limit])
}

const countOfPersonStatement = statement<{ events: number; values: number }>(
  'audit.count-events-of-person',
  `select count(*) as events, count(*) filter (where people && array(
     select person from audit.person_keys where tenant_id = $1 and person = any ($2::text[]) and wrapped_key is not null
   )) as values from audit.events
   where tenant_id = $1 and (people && $2::text[] or (actor_kind = 'user' and actor_id = any ($3)) or subject = any ($3))`,
)

/** How many there are, and how many of them hold values of theirs that can still be read. */
export async function countEventsOfPerson(
  db: Db,
  tenantId: string,
  { refs, ids }: { readonly refs: readonly string[]; readonly ids: readonly string[] },
): Promise<{ readonly events: number; readonly values: number }> {
  const [counts] = await countOfPersonStatement(db, [tenantId, refs, ids])
  return counts ?? { events: 0, values: 0 }
}

const withTextStatement = statement<ChainEvent>(
  'audit.events-with-text',
  `select ${EVENT_COLUMNS} from audit.events as event
   where tenant_id = $1 and id > $2 and people is not null and exists (
     select from audit.person_keys as held where held.tenant_id = $1 and held.person = any (event.people)
       and held.person like 'text:%' and held.wrapped_key is not null)
   order by id limit $3`,
)

/** Events that hold free text which can still be read; oldest first. */
export function eventsWithText(db: Db, tenantId: string, afterId: string, limit: number): Promise<ChainEvent[]> {
  return withTextStatement(db, [tenantId, afterId, limit])
}

const latestStatement = statement<{ after: unknown }>(
  'audit.latest-event',
  `select after from audit.events where tenant_id = $1 and action = $2 and subject = $3 order by id desc limit 1`,
)

/** What the last event of this action on this subject said; undefined when there was none. */
export async function latestOf(
  db: Db,
  tenantId: string,
  { action, subject }: { readonly action: string; readonly subject: string },
): Promise<unknown> {
  const [latest] = await latestStatement(db, [tenantId, action, subject])
  return latest?.after
}
