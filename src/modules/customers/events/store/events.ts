import type { Ctx } from '#kernel/context'
import { arrayLiteral } from '#kernel/database/array-literal'
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
  `insert into customers.usage_dirty (tenant_id, client_id, day)
   select $1, client_id, day from unnest($2::text[], $3::date[]) as d(client_id, day)
   on conflict (tenant_id, client_id, day) do update set marked_at = now() where false`,
)

/** `2026-11-21` */
const DAY_CHARACTERS = 10

/**
 * Marks days whose rollups are out of date, in the transaction that stored their events. The update writes nothing, but
 * locks a mark that is there already: a roll-up that takes the mark away either waits for this transaction or sees its events. In
 * one order, so that two writers never wait for each other.
 */
export async function markDirty(ctx: Ctx, clientIds: readonly string[], days: readonly string[]): Promise<void> {
  const marks = new Set<string>()
  clientIds.forEach((clientId, index) => marks.add(`${clientId} ${days[index]}`))
  const sorted = [...marks].toSorted()
  const marked = sorted.map((entry) => entry.slice(0, -1 - DAY_CHARACTERS))
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
  await receiveNew(ctx.db, [ctx.tenantId, messageIds])
}

/** Takes note of messages, each of them once and for all. Answers those that are new; the ids must be distinct. */
export async function receiveMessages(ctx: Ctx, messageIds: readonly string[]): Promise<'all' | ReadonlySet<string>> {
  const [row] = await receive(ctx.db, [ctx.tenantId, arrayLiteral(messageIds)])
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
  const known = events.filter(({ clientId }) => clientId !== null)
  const unknown = events.filter(({ clientId }) => clientId === null)
  if (known.length > 0) {
    const clientIds = known.map(({ clientId }) => clientId ?? '')
    const insert = allNew ? insertEvents : insertMissingEvents
    await insert(ctx.db, [ctx.tenantId, source, arrayLiteral(clientIds), ...eventArrays(known)])
    await markDirty(
      ctx,
      clientIds,
      known.map(({ event }) => event.occurredAt.slice(0, 10)),
    )
  }
  if (unknown.length > 0) {
    const groupIds = unknown.map(({ event }) => event.groupId)
    await insertUnattributed(ctx.db, [ctx.tenantId, source, arrayLiteral(groupIds), ...eventArrays(unknown)])
  }
}

/** One literal a column, in the order of `EVENT_ARRAYS`. */
function eventArrays(events: readonly AttributedEvent[]): string[] {
  return [
    arrayLiteral(events.map(({ event }) => event.messageId)),
    arrayLiteral(events.map(({ event }) => event.userId)),
    arrayLiteral(events.map(({ event }) => event.occurredAt)),
    arrayLiteral(events.map(({ event }) => event.name)),
    arrayLiteral(events.map(({ event }) => event.feature)),
    arrayLiteral(events.map(({ event }) => event.sessionId)),
    arrayLiteral(events.map(({ event }) => event.durationSeconds)),
    arrayLiteral(events.map(({ event }) => event.isError)),
    arrayLiteral(events.map(({ event }) => event.propertiesJson)),
  ]
}
