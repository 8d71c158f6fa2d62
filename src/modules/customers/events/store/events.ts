import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { binaryArray, BOOLEAN, FLOAT8, JSONB, TEXT, TIMESTAMPTZ } from '#kernel/database/binary-array'
import { statement, writing } from '#kernel/database/statement'
import { sql, sqlJoin, sqlName } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'
import type { WriteCtx } from '#kernel/writes/change'
import { Day } from '../../record/contract.ts'
import type { TrackedEvent } from '../segment.ts'

/** One column of many rows, encoded by `binaryArray`. */
const Column = z.instanceof(Buffer)

const ensureMonths = statement(
  'customers.ensure-usage-partitions',
  sql`select customers.ensure_usage_partition(month) as made from unnest(:months::date[]) as m(month) order by month`,
  { params: { months: z.array(Day) }, row: z.strictObject({ made: z.boolean() }) },
)

/**
 * Creates the missing monthly partitions for these instants (ISO text), each in a transaction of its own. Do not call
 * it inside another transaction: creating a partition locks the whole table.
 */
export async function ensurePartitions(ctx: Ctx, instants: Iterable<string>): Promise<void> {
  const months = new Set<string>()
  for (const instant of instants) months.add(`${instant.slice(0, 7)}-01`)
  if (months.size > 0) await ensureMonths(autocommit(ctx), { months: [...months] })
}

const mark = writing(
  'customers.mark-usage-dirty',
  sql`with wanted as (
     select * from unnest(:client_ids::text[], :days::date[]) as w(client_id, day)
   ), held as (
     select d.client_id, d.day from wanted w
     join customers.usage_dirty d on d.tenant_id = :tenant_id and d.client_id = w.client_id and d.day = w.day
     for key share of d skip locked
   )
   insert into customers.usage_dirty (tenant_id, client_id, day)
   select :tenant_id, client_id, day from wanted w
   where not exists (select from held h where h.client_id = w.client_id and h.day = w.day)`,
  { params: { client_ids: Column, days: z.array(Day) } },
)

/** `2026-11-21` */
const DAY_CHARACTERS = 10

/**
 * Marks days whose rollups are out of date, in the transaction that stored their events. An existing mark is locked
 * until the commit, so that a roll-up skips it. If a roll-up is deleting the mark, a new one is inserted without
 * waiting, because that roll-up may not see these events.
 */
export async function markDirty(ctx: WriteCtx, clientIds: readonly string[], days: readonly string[]): Promise<void> {
  const marks = new Set<string>()
  clientIds.forEach((clientId, index) => marks.add(`${clientId} ${days[index]}`))
  const sorted = [...marks].toSorted()
  const marked = binaryArray(TEXT, sorted, (entry) => entry.slice(0, -1 - DAY_CHARACTERS))
  const markedDays = sorted.map((entry) => entry.slice(-DAY_CHARACTERS))
  await mark(ctx, { client_ids: marked, days: markedDays })
}

const MessageIds = { message_ids: Column }

const receive = writing(
  'customers.receive-messages',
  sql`with fresh as (
     insert into customers.event_receipts (tenant_id, message_id)
     select :tenant_id, message_id from unnest(:message_ids::text[]) as m(message_id)
     on conflict do nothing returning message_id
   )
   select count(*) as fresh,
          case when count(*) < cardinality(:message_ids::text[]) then array_agg(message_id) end as message_ids
   from fresh`,
  { params: MessageIds, row: z.strictObject({ fresh: z.int(), message_ids: z.array(z.string()).nullable() }) },
)

const receiveNew = writing(
  'customers.receive-new-messages',
  sql`insert into customers.event_receipts (tenant_id, message_id)
   select :tenant_id, message_id from unnest(:message_ids::text[]) as m(message_id)`,
  { params: MessageIds },
)

/**
 * Records the ids of messages that should all be new; one duplicate violates the unique key and fails the whole
 * statement.
 */
export async function receiveNewMessages(ctx: WriteCtx, messageIds: readonly string[]): Promise<void> {
  await receiveNew(ctx, { message_ids: binaryArray(TEXT, messageIds, (id) => id) })
}

/** Records message ids for deduplication and returns those that were new. The ids must be distinct. */
export async function receiveMessages(
  ctx: WriteCtx,
  messageIds: readonly string[],
): Promise<'all' | ReadonlySet<string>> {
  const [row] = await receive(ctx, { message_ids: binaryArray(TEXT, messageIds, (id) => id) })
  return row?.fresh === messageIds.length ? 'all' : new Set(row?.message_ids ?? [])
}

/** An event and its customer; null while the user's customer is unknown. */
export interface AttributedEvent {
  readonly event: TrackedEvent
  readonly clientId: string | null
}

/** One column of what is stored of an event. */
interface EventColumn {
  readonly type: Sql
  readonly of: (events: readonly AttributedEvent[]) => Buffer
}

const EVENT_COLUMNS: Readonly<Record<string, EventColumn>> = {
  message_id: { type: sql`text[]`, of: (events) => binaryArray(TEXT, events, ({ event }) => event.messageId) },
  user_id: { type: sql`text[]`, of: (events) => binaryArray(TEXT, events, ({ event }) => event.userId) },
  occurred_at: {
    type: sql`timestamptz[]`,
    of: (events) => binaryArray(TIMESTAMPTZ, events, ({ event }) => event.occurredAt),
  },
  event_name: { type: sql`text[]`, of: (events) => binaryArray(TEXT, events, ({ event }) => event.name) },
  feature: { type: sql`text[]`, of: (events) => binaryArray(TEXT, events, ({ event }) => event.feature) },
  session_id: { type: sql`text[]`, of: (events) => binaryArray(TEXT, events, ({ event }) => event.sessionId) },
  duration_seconds: {
    type: sql`float8[]`,
    of: (events) => binaryArray(FLOAT8, events, ({ event }) => event.durationSeconds),
  },
  is_error: { type: sql`boolean[]`, of: (events) => binaryArray(BOOLEAN, events, ({ event }) => event.isError) },
  properties: { type: sql`jsonb[]`, of: (events) => binaryArray(JSONB, events, ({ event }) => event.propertiesJson) },
}

/** The events by column: one array per column name. */
function eventArrays(events: readonly AttributedEvent[]): Record<string, Buffer> {
  return Object.fromEntries(Object.entries(EVENT_COLUMNS).map(([name, { of }]) => [name, of(events)]))
}

/** The insert of events; `owner` is the column that says whose they are. */
function insertSql(table: 'usage_events' | 'unattributed_events', owner: 'client_id' | 'group_id'): Sql {
  const columns = sqlJoin([owner, ...Object.keys(EVENT_COLUMNS)].map(sqlName))
  const arrays = Object.entries(EVENT_COLUMNS).map(([name, { type }]) => sql`:${sqlName(name)}::${type}`)
  return sql`insert into customers.${sqlName(table)} (tenant_id, source, ${columns})
   select :tenant_id, :source, ${columns} from unnest(${sqlJoin([sql`:owners::text[]`, ...arrays])}) as e(${columns})`
}

const EventArrays: z.ZodRawShape = {
  source: z.string(),
  owners: Column,
  ...Object.fromEntries(Object.keys(EVENT_COLUMNS).map((name) => [name, Column])),
}

const insertEvents = writing('customers.insert-usage-events', insertSql('usage_events', 'client_id'), {
  params: EventArrays,
})

const insertMissingEvents = writing(
  'customers.insert-missing-usage-events',
  sql`${insertSql('usage_events', 'client_id')} on conflict do nothing`,
  { params: EventArrays },
)

const insertUnattributed = writing(
  'customers.insert-unattributed-events',
  sql`${insertSql('unattributed_events', 'group_id')} on conflict do nothing`,
  { params: EventArrays },
)

/**
 * Stores events and marks their days for the next roll-up. With `allNew`, an event that already exists (for example
 * imported under the same id) violates the primary key and fails the whole statement; otherwise duplicates are skipped,
 * at about 10 % more cost.
 */
export async function saveEvents(
  ctx: WriteCtx,
  source: string,
  events: readonly AttributedEvent[],
  { allNew }: { readonly allNew: boolean },
): Promise<void> {
  const known = byCustomer(events)
  const unknown = events.filter(({ clientId }) => clientId === null)
  if (known.length > 0) {
    const insert = allNew ? insertEvents : insertMissingEvents
    const clientIds = known.map(({ clientId }) => clientId ?? '')
    await insert(ctx, { source, owners: binaryArray(TEXT, clientIds, (id) => id), ...eventArrays(known) })
    await markDirty(
      ctx,
      clientIds,
      known.map(({ event }) => event.occurredAt.slice(0, DAY_CHARACTERS)),
    )
  }
  if (unknown.length > 0) {
    const groupIds = binaryArray(TEXT, unknown, ({ event }) => event.groupId)
    await insertUnattributed(ctx, { source, owners: groupIds, ...eventArrays(unknown) })
  }
}

/** Events of known customers, in the order of the primary key: neighbours go to the same page of its index. */
function byCustomer(events: readonly AttributedEvent[]): AttributedEvent[] {
  const customers = new Map<string, AttributedEvent[]>()
  for (const attributed of events) {
    if (attributed.clientId === null) continue
    const others = customers.get(attributed.clientId)
    if (others === undefined) customers.set(attributed.clientId, [attributed])
    else others.push(attributed)
  }
  return [...customers.keys()].toSorted().flatMap((clientId) => customers.get(clientId) ?? [])
}
