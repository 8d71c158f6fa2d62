import { z } from 'zod'
import type { Tx } from '../database/db.ts'
import { writing } from '../database/statement.ts'
import { columnsOf, parametersOf } from '../database/row-sql.ts'
import { sql, sqlJoin, sqlName } from '../database/sql.ts'
import { newId } from '../ids.ts'
import type { DatedEvent } from './event.ts'
import type { PersonKeys } from './person-keys.ts'
import { peopleIn, redactedJson, redactedText } from './redact.ts'
import type { SealPersonal } from './redact.ts'

/** Inserts events, redacted, and marks them as unsealed for the block sealer in the same statement. */
export async function insertEvents(db: Tx, keys: PersonKeys, events: readonly DatedEvent[]): Promise<void> {
  const rows: EventRow[] = []
  for (const event of events) {
    const people = peopleIn([event.before, event.after])
    // Most events hold no personal data and need no keys.
    const seal = people.size === 0 ? nobody : await keys.sealer(event.tenantId, people)
    rows.push(rowOf(event, people, seal))
  }
  const [first] = rows
  if (rows.length === 1 && first !== undefined) await insertOne({ db }, first)
  else if (first !== undefined) await insertMany({ db }, columnsOfRows(rows))
}

const Plain = z.strictObject({
  tenant_id: z.string(),
  id: z.string(),
  at: z.date(),
  actor_kind: z.string(),
  actor_id: z.string(),
  action: z.string(),
  subject: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  request_id: z.string(),
  outcome: z.string(),
})
/** `people` is joined by line feeds: PostgreSQL has no array of arrays of different lengths. */
const EventRow = z.strictObject({ ...Plain.shape, people: z.string().nullable() })
type EventRow = z.output<typeof EventRow>

const ARRAY_TYPES: Readonly<Record<string, string>> = {
  at: 'timestamptz[]',
  before: 'jsonb[]',
  after: 'jsonb[]',
}
const arrays = Object.keys(EventRow.shape).map(
  (column) => sql`:${sqlName(column)}::${sqlName(ARRAY_TYPES[column] ?? 'text[]')}`,
)

const insertOne = writing(
  'audit.insert',
  sql`with unsealed as (insert into audit.unsealed (tenant_id, event_id) values (:tenant_id, :id))
   insert into audit.events (${columnsOf(EventRow)}) values (${parametersOf(Plain)}, string_to_array(:people, E'\\n'))`,
  { params: EventRow.shape },
)

const insertMany = writing(
  'audit.insert-many',
  sql`with unsealed as (insert into audit.unsealed (tenant_id, event_id) select * from unnest(:tenant_id::text[], :id::text[]))
   insert into audit.events (${columnsOf(EventRow)})
   select ${columnsOf(Plain)}, string_to_array(people, E'\\n') from unnest(${sqlJoin(arrays)}) as event (${columnsOf(EventRow)})`,
  {
    params: Object.fromEntries(Object.entries(EventRow.shape).map(([column, is]) => [column, z.array(is).readonly()])),
  },
)

function columnsOfRows(rows: readonly EventRow[]): Record<string, EventRow[keyof EventRow][]> {
  const columns = EventRow.keyof().options
  return Object.fromEntries(columns.map((column) => [column, rows.map((row) => row[column])]))
}

const TEXT_MAX = 500

function rowOf(event: DatedEvent, people: ReadonlySet<string>, seal: SealPersonal): EventRow {
  return {
    tenant_id: event.tenantId,
    id: newId('aud', event.at),
    at: event.at,
    actor_kind: event.actor.kind,
    actor_id: redactedText(event.actor.id).slice(0, TEXT_MAX),
    action: event.action,
    subject: redactedText(event.subject).slice(0, TEXT_MAX),
    before: redactedJson(event.before, seal),
    after: redactedJson(event.after, seal),
    request_id: redactedText(event.requestId).slice(0, TEXT_MAX),
    outcome: event.outcome,
    people: people.size === 0 ? null : [...people].toSorted().join('\n'),
  }
}

const nobody: SealPersonal = (person) => {
  throw new Error(`the audit event holds a value of ${person} that peopleIn did not find`)
}
