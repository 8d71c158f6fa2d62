import type { Db } from '../database/db.ts'
import { statement } from '../database/statement.ts'
import { newId } from '../ids.ts'
import type { DatedEvent } from './event.ts'
import type { PersonKeys } from './person-keys.ts'
import { peopleIn, redactedJson, redactedText } from './redact.ts'
import type { SealPersonal } from './redact.ts'

/** Stores events, redacted, and tells the sealer of them in the same statement. */
export async function insertEvents(db: Db, keys: PersonKeys, events: readonly DatedEvent[]): Promise<void> {
  const rows: Row[] = []
  for (const event of events) {
    const people = peopleIn([event.before, event.after])
    // Most events are about nobody, and wait for nothing.
    const seal = people.size === 0 ? nobody : await keys.sealer(event.tenantId, people)
    rows.push(rowOf(event, people, seal))
  }
  const [first] = rows
  if (rows.length === 1 && first !== undefined) await insertOne(db, first)
  else if (first !== undefined)
    await insertMany(
      db,
      COLUMNS.map((_, at) => rows.map((row) => row[at])),
    )
}

type Row = readonly unknown[]

const COLUMNS = [
  'tenant_id',
  'id',
  'at',
  'actor_kind',
  'actor_id',
  'action',
  'subject',
  'before',
  'after',
  'request_id',
  'outcome',
  'people',
]

const insertOne = statement(
  'audit.insert',
  `with told as (insert into audit.unsealed (tenant_id, event_id) values ($1, $2))
   insert into audit.events (tenant_id, id, at, actor_kind, actor_id, action, subject, before, after, request_id, outcome, people)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, string_to_array($12, E'\\n'))`,
)

const insertMany = statement(
  'audit.insert-many',
  `with told as (insert into audit.unsealed (tenant_id, event_id) select * from unnest($1::text[], $2::text[]))
   insert into audit.events (tenant_id, id, at, actor_kind, actor_id, action, subject, before, after, request_id, outcome, people)
   select tenant_id, id, at, actor_kind, actor_id, action, subject, before, after, request_id, outcome, string_to_array(people, E'\\n')
   from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::jsonb[],
     $10::text[], $11::text[], $12::text[])
     as told (tenant_id, id, at, actor_kind, actor_id, action, subject, before, after, request_id, outcome, people)`,
)

const TEXT_MAX = 500

function rowOf(event: DatedEvent, people: ReadonlySet<string>, seal: SealPersonal): Row {
  return [
    event.tenantId,
    newId('aud', event.at),
    event.at,
    event.actor.kind,
    redactedText(event.actor.id).slice(0, TEXT_MAX),
    event.action,
    redactedText(event.subject).slice(0, TEXT_MAX),
    redactedJson(event.before, seal),
    redactedJson(event.after, seal),
    redactedText(event.requestId).slice(0, TEXT_MAX),
    event.outcome,
    people.size === 0 ? null : [...people].toSorted().join('\n'),
  ]
}

const nobody: SealPersonal = (person) => {
  throw new Error(`a value of ${person} was not counted among the people of its event`)
}
