import type { Ctx } from '#kernel/context'
import { binaryArray, BOOLEAN, FLOAT8, JSONB, TEXT, TIMESTAMPTZ } from '#kernel/database/binary-array'
import { statement } from '#kernel/database/statement'
import type { TrackedEvent } from '../segment.ts'

const ensureMonths = statement<{ made: boolean }>(
  'customers.ensure-usage-partitions',
  'select customers.ensure_usage_partition(month) as made from unnest($1::date[]) as m(month) order by month',
)

/**
 * Makes the monthly partitions that these instants (ISO text) need and that are not there yet. Not to be called in a
 * transaction that goes on: making one locks the whole table.
 */
export async function ensurePartitions(ctx: Ctx, instants: Iterable<string>): Promise<void> {
  const months = new Set<string>()
  for (const instant of instants) months.add(`${instant.slice(0, 7)}-01`)
  if (months.size > 0) await ensureMonths(ctx.db, [[...months]])
}

const mark = statement<never>(
  'customers.mark-usage-dirty',
  `with wanted as (
     select * from unnest($2::text[], $3::date[]) as w(client_id, day)
   ), held as (
     select d.client_id, d.day from wanted w
     join customers.usage_dirty d on d.tenant_id = $1 and d.client_id = w.client_id and d.day = w.day
     for key share of d skip locked
   )
   insert into customers.usage_dirty (tenant_id, client_id, day)
   select $1, client_id, day from wanted w
   where not exists (select from held h where h.client_id = w.client_id and h.day = w.day)`,
)

/** `2026-11-21` */
const DAY_CHARACTERS = 10

/**
 * Marks days whose rollups are out of date, in the transaction that stored their events. A mark that is there is held
 * until the commit, so that a roll-up passes it over; one that a roll-up is taking away is not waited for but made anew:
 * that roll-up may not see these events.
 */
export async function markDirty(ctx: Ctx, clientIds: readonly string[], days: readonly string[]): Promise<void> {
  const marks = new Set<string>()
  clientIds.forEach((clientId, index) => marks.add(`${clientId} ${days[index]}`))
  const sorted = [...marks].toSorted()
  const marked = binaryArray(TEXT, sorted, (entry) => entry.slice(0, -1 - DAY_CHARACTERS))
  const markedDays = sorted.map((entry) => entry.slice(-DAY_CHARACTERS))
  await mark(ctx.db, [ctx.tenantId, marked, markedDays])
}

const receive = statement<{ fresh: number; message_ids: string[] | null }>(
  'customers.receive-messages',
  `with fresh as (
     insert into customers.event_receipts (tenant_id, message_id)
     select $1, message_id from unnest($2::text[]) as m(message_id)
     on conflict do nothing returning message_id
   )
   select count(*) as fresh, case when count(*) < cardinality($2::text[]) then array_agg(message_id) end as message_ids
   from fresh`,
)

const receiveNew = statement<never>(
  'customers.receive-new-messages',
  `insert into customers.event_receipts (tenant_id, message_id) select $1, message_id from unnest($2::text[]) as m(message_id)`,
)

/** Takes note of messages of which none may have been seen before: a duplicate breaks the unique key, and all of it. */
export async function receiveNewMessages(ctx: Ctx, messageIds: readonly string[]): Promise<void> {
  await receiveNew(ctx.db, [ctx.tenantId, binaryArray(TEXT, messageIds, (id) => id)])
}

/** Takes note of messages, each of them once and for all. Answers those that are new; the ids must be distinct. */
export async function receiveMessages(ctx: Ctx, messageIds: readonly string[]): Promise<'all' | ReadonlySet<string>> {
  const [row] = await receive(ctx.db, [ctx.tenantId, binaryArray(TEXT, messageIds, (id) => id)])
  return row?.fresh === messageIds.length ? 'all' : new Set(row?.message_ids ?? [])
}

/** An event and the customer it belongs to; no customer while nobody has said whose user it is. */
export interface AttributedEvent {
  readonly event: TrackedEvent
  readonly clientId: string | null
}

const EVENT_COLUMNS =
  'message_id, user_id, occurred_at, event_name, feature, session_id, duration_seconds, is_error, properties'
const EVENT_ARRAYS =
  '$3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::float8[], $11::boolean[], $12::jsonb[]'

const insertEvents = statement<never>(
  'customers.insert-usage-events',
  `insert into customers.usage_events (tenant_id, source, client_id, ${EVENT_COLUMNS})
   select $1, $2, client_id, ${EVENT_COLUMNS} from unnest(${EVENT_ARRAYS}) as e(client_id, ${EVENT_COLUMNS})`,
)

const insertMissingEvents = statement<never>(
  'customers.insert-missing-usage-events',
  `insert into customers.usage_events (tenant_id, source, client_id, ${EVENT_COLUMNS})
   select $1, $2, client_id, ${EVENT_COLUMNS} from unnest(${EVENT_ARRAYS}) as e(client_id, ${EVENT_COLUMNS})
   on conflict do nothing`,
)

const insertUnattributed = statement<never>(
  'customers.insert-unattributed-events',
  `insert into customers.unattributed_events (tenant_id, source, group_id, ${EVENT_COLUMNS})
   select $1, $2, group_id, ${EVENT_COLUMNS} from unnest(${EVENT_ARRAYS}) as e(group_id, ${EVENT_COLUMNS})
   on conflict do nothing`,
)

/**
 * Stores events, and marks their days for the next roll-up. With `allNew` an event that is stored already (by an import
 * under the same id) breaks the primary key, and all of it; otherwise it is passed over, which costs a tenth more.
 */
export async function saveEvents(
  ctx: Ctx,
  source: string,
  events: readonly AttributedEvent[],
  { allNew }: { readonly allNew: boolean },
): Promise<void> {
  const known = byCustomer(events)
  const unknown = events.filter(({ clientId }) => clientId === null)
  if (known.length > 0) {
    const insert = allNew ? insertEvents : insertMissingEvents
    const clientIds = known.map(({ clientId }) => clientId ?? '')
    await insert(ctx.db, [ctx.tenantId, source, binaryArray(TEXT, clientIds, (id) => id), ...eventArrays(known)])
    await markDirty(
      ctx,
      clientIds,
      known.map(({ event }) => event.occurredAt.slice(0, DAY_CHARACTERS)),
    )
  }
  if (unknown.length > 0) {
    const groupIds = binaryArray(TEXT, unknown, ({ event }) => event.groupId)
    await insertUnattributed(ctx.db, [ctx.tenantId, source, groupIds, ...eventArrays(unknown)])
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

/** One array a column, in the order of `EVENT_ARRAYS`. */
function eventArrays(events: readonly AttributedEvent[]): Buffer[] {
  return [
    binaryArray(TEXT, events, ({ event }) => event.messageId),
    binaryArray(TEXT, events, ({ event }) => event.userId),
    binaryArray(TIMESTAMPTZ, events, ({ event }) => event.occurredAt),
    binaryArray(TEXT, events, ({ event }) => event.name),
    binaryArray(TEXT, events, ({ event }) => event.feature),
    binaryArray(TEXT, events, ({ event }) => event.sessionId),
    binaryArray(FLOAT8, events, ({ event }) => event.durationSeconds),
    binaryArray(BOOLEAN, events, ({ event }) => event.isError),
    binaryArray(JSONB, events, ({ event }) => event.propertiesJson),
  ]
}
