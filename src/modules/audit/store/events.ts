import { z } from 'zod'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { statement } from '#kernel/database/statement'
import type { On } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { ChainEvent } from '../chain/record.ts'

/** All columns of an event, in the form that is hashed. */
export const EVENT_COLUMNS = sql`event.tenant_id, event.id,
  to_char(event.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, event.actor_kind, event.actor_id, event.action,
  event.subject, event.before, event.after, event.people, event.request_id, event.outcome`

const FROM_TENANT = sql`from audit.events as event where tenant_id = :tenant_id`

/** Events, newest first. `first_id` and `before_id` repeat the time range as ids, because the index is on ids. */
export const listEvents = filteredStatement(
  'audit.list-events',
  {
    filters: {
      action: { where: sql`action = :action`, is: z.string() },
      actor: { where: sql`actor_id = :actor`, is: z.string() },
      subject: { where: sql`subject = :subject`, is: z.string() },
      outcome: { where: sql`outcome = :outcome`, is: z.string() },
      request_id: { where: sql`request_id = :request_id`, is: z.string() },
      from: { where: sql`at >= :from`, is: z.date() },
      to: { where: sql`at < :to`, is: z.date() },
      first_id: { where: sql`id >= :first_id`, is: z.string() },
      before_id: { where: sql`id < :before_id`, is: z.string() },
    },
    params: { limit: z.int() },
    row: ChainEvent,
  },
  (conditions) => sql`select ${EVENT_COLUMNS} ${FROM_TENANT} and ${conditions} order by id desc limit :limit`,
)

const Texts = z.array(z.string()).readonly()

/** A person: `refs` match the owners of values in an event, `ids` its actor or subject. */
const OfPerson = { refs: Texts, ids: Texts }
type OfPerson = z.output<z.ZodObject<typeof OfPerson>>
const OF_PERSON = sql`(people && :refs::text[] or (actor_kind = 'user' and actor_id = any (:ids)) or subject = any (:ids))`

const ofPerson = statement(
  'audit.events-of-person',
  sql`select ${EVENT_COLUMNS} ${FROM_TENANT} and ${OF_PERSON} and id > :after order by id limit :limit`,
  { params: { ...OfPerson, after: z.string(), limit: z.int() }, row: ChainEvent },
)

/** The events that a person caused, that have the person as subject, or that contain values of theirs; oldest first. */
export function eventsOfPerson(on: On, person: OfPerson, after: string, limit: number): Promise<ChainEvent[]> {
  return ofPerson(on, { ...person, after, limit })
}

const countOfPerson = statement(
  'audit.count-events-of-person',
  sql`select count(*) as events, count(*) filter (where people && array(
     select person from audit.person_keys where tenant_id = :tenant_id and person = any (:refs::text[]) and wrapped_key is not null
   )) as values ${FROM_TENANT} and ${OF_PERSON}`,
  { params: OfPerson, row: z.strictObject({ events: z.int(), values: z.int() }) },
)

/** The number of a person's events, and of those with values of theirs that can still be decrypted. */
export async function countEventsOfPerson(
  on: On,
  person: OfPerson,
): Promise<{ readonly events: number; readonly values: number }> {
  const [counts] = await countOfPerson(on, person)
  return counts ?? { events: 0, values: 0 }
}

const withText = statement(
  'audit.events-with-text',
  sql`select ${EVENT_COLUMNS} ${FROM_TENANT} and id > :after and people is not null and exists (
     select from audit.person_keys as held where held.tenant_id = :tenant_id and held.person = any (event.people)
       and held.person like 'text:%' and held.wrapped_key is not null)
   order by id limit :limit`,
  { params: { after: z.string(), limit: z.int() }, row: ChainEvent },
)

/** The events with free text that can still be decrypted; oldest first. */
export function eventsWithText(on: On, after: string, limit: number): Promise<ChainEvent[]> {
  return withText(on, { after, limit })
}

const latest = statement(
  'audit.latest-event',
  sql`select after ${FROM_TENANT} and action = :action and subject = :subject order by id desc limit 1`,
  { params: { action: z.string(), subject: z.string() }, row: ChainEvent.pick({ after: true }) },
)

/** The `after` of the last event of this action on this subject; undefined when there is none. */
export async function latestOf(on: On, of: { readonly action: string; readonly subject: string }): Promise<unknown> {
  const [found] = await latest(on, of)
  return found?.after
}
