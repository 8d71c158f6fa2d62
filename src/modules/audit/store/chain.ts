import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { Block, ChainEvent, EventEntry } from '../chain/record.ts'
import { EVENT_COLUMNS } from './events.ts'

const lockStatement = statement<{ locked: boolean }>(
  'audit.try-lock-chain',
  `select pg_try_advisory_xact_lock(hashtext('audit.chain'), hashtext($1)) as locked`,
)

const waitStatement = statement(
  'audit.lock-chain',
  `select pg_advisory_xact_lock(hashtext('audit.chain'), hashtext($1))`,
)

/**
 * Locks the end of a tenant's chain until the transaction ends; false when another sealer has it and `wait` is not
 * asked for. What is read after it is what the sealer before left. Writers of events never meet this lock.
 */
export async function lockChain(tx: Db, tenantId: string, wait: boolean): Promise<boolean> {
  if (!wait) return (await lockStatement(tx, [tenantId]))[0]?.locked === true
  await waitStatement(tx, [tenantId])
  return true
}

const headStatement = statement<{ number: number; hash: string }>(
  'audit.chain-head',
  `select number, hash from audit.blocks where tenant_id = $1 order by number desc limit 1`,
)

/** The last block; undefined before the first. */
export async function chainHead(
  db: Db,
  tenantId: string,
): Promise<{ readonly number: number; readonly hash: string } | undefined> {
  const [head] = await headStatement(db, [tenantId])
  return head
}

const takeStatement = statement<ChainEvent>(
  'audit.take-unsealed',
  `with taken as (
     delete from audit.unsealed where tenant_id = $1 and event_id in (
       select event_id from audit.unsealed as told where tenant_id = $1 and exists (
         select from audit.events where events.tenant_id = $1 and events.id = told.event_id)
       order by event_id limit $2)
     returning event_id
   )
   select ${EVENT_COLUMNS} from taken join audit.events as event on event.tenant_id = $1 and event.id = taken.event_id`,
)

/**
 * Takes committed events that no block holds; they count as sealed when, and only when, the transaction commits. The name
 * of an event that somebody deleted before it was sealed stays, and proves that.
 */
export function takeUnsealed(tx: Db, tenantId: string, max: number): Promise<ChainEvent[]> {
  return takeStatement(tx, [tenantId, max])
}

const insertStatement = statement(
  'audit.insert-block',
  `with block as (
     insert into audit.blocks (tenant_id, number, previous_hash, events_hash, event_count, first_event_at, last_event_at,
       sealed_at, public_key, hash, signature)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning tenant_id, number
   )
   insert into audit.block_events (tenant_id, number, event_ids, event_hashes, last_event_at)
   select tenant_id, number, $12, $13, $7::timestamptz from block`,
)

/** The primary key refuses a second block of the same number, whatever lock was forgotten. */
export async function insertBlock(tx: Db, block: Block, entries: readonly EventEntry[]): Promise<void> {
  await insertStatement(tx, [
    ...[block.tenant_id, block.number, block.previous_hash, block.events_hash, block.event_count],
    ...[block.first_event_at, block.last_event_at, block.sealed_at, block.public_key, block.hash, block.signature],
    entries.map(([id]) => id),
    entries.map(([, hash]) => hash),
  ])
}

const tenantsStatement = statement<{ tenant_id: string }>(
  'audit.tenants-to-seal',
  `select distinct tenant_id from audit.unsealed`,
)

export async function tenantsToSeal(db: Db): Promise<string[]> {
  return (await tenantsStatement(db, [])).map(({ tenant_id }) => tenant_id)
}

/** A block with what it holds. `entries` is absent where retention removed the events. */
export interface StoredBlock {
  readonly block: Block
  readonly entries: readonly EventEntry[] | undefined
  readonly events: readonly ChainEvent[]
}

type BlockRow = Block & { readonly event_ids: string[] | null; readonly event_hashes: string[] | null }

const blocksStatement = statement<BlockRow>(
  'audit.list-blocks',
  `select block.*, held.event_ids, held.event_hashes
   from audit.blocks as block left join audit.block_events as held using (tenant_id, number)
   where tenant_id = $1 and number > $2 and ($4::text is null or block.sealed_at collate "C" < $4)
   order by number limit $3`,
)

const eventsStatement = statement<ChainEvent>(
  'audit.events-of-block',
  `select ${EVENT_COLUMNS} from audit.events as event where tenant_id = $1 and id = any ($2)`,
)

/** The blocks after one, as headers, with which events they hold. */
export async function listBlocks(
  db: Db,
  tenantId: string,
  { after, limit, sealedBefore }: { readonly after: number; readonly limit: number; readonly sealedBefore?: string },
): Promise<Omit<StoredBlock, 'events'>[]> {
  const rows = await blocksStatement(db, [tenantId, after, limit, sealedBefore])
  return rows.map(({ event_ids: ids, event_hashes: hashes, ...block }) => ({
    block,
    entries: ids === null || hashes === null ? undefined : ids.map((id, at) => [id, hashes[at] ?? ''] as const),
  }))
}

/** The next block with its events, in its order, as of one moment: retention may be at work. */
export async function nextBlock(
  db: Db,
  tenantId: string,
  range: { readonly after: number; readonly sealedBefore?: string },
): Promise<StoredBlock | undefined> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const [found] = await listBlocks(tx, tenantId, { ...range, limit: 1 })
      if (found === undefined) return undefined
      const ids = found.entries?.map(([id]) => id) ?? []
      const events = ids.length === 0 ? [] : await eventsStatement(tx, [tenantId, ids])
      const places = new Map(ids.map((id, at) => [id, at]))
      const inOrder = events.toSorted((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
      return { ...found, events: inOrder }
    })
}

const firstSince = statement<{ number: number | null }>(
  'audit.first-block-since',
  `select min(number) as number from audit.blocks where tenant_id = $1 and sealed_at collate "C" >= $2`,
)

/** The first block that was sealed at or after this time; undefined when none was. */
export async function firstBlockSince(db: Db, tenantId: string, time: string): Promise<number | undefined> {
  const [first] = await firstSince(db, [tenantId, time])
  return first?.number ?? undefined
}

const expiredStatement = statement<{ number: number; event_ids: string[] }>(
  'audit.expired-blocks',
  `select number, event_ids from audit.block_events
   where tenant_id = $1 and last_event_at < $2 and number < coalesce(
     (select min(number) from audit.block_events where tenant_id = $1 and last_event_at >= $2), 9223372036854775807)
   order by number limit $3`,
)

const deleteEvents = statement(
  'audit.delete-expired-events',
  `delete from audit.events where tenant_id = $1 and id = any ($2) and at < $3`,
)

const deleteEntries = statement<{ number: number }>(
  'audit.delete-expired-entries',
  `delete from audit.block_events where tenant_id = $1 and number = any ($2) and last_event_at < $3 returning number`,
)

/** Blocks all of whose events are older than `before`, as are those of every block before them; oldest first. */
export function expiredBlocks(tx: Db, tenantId: string, before: Date, max: number) {
  return expiredStatement(tx, [tenantId, before, max])
}

/** Removes the events of these blocks; their headers stay. Throws when the database lets one of them not go. */
export async function removeEvents(
  tx: Db,
  tenantId: string,
  blocks: readonly { readonly number: number; readonly event_ids: readonly string[] }[],
  before: Date,
): Promise<void> {
  await deleteEvents(tx, [tenantId, blocks.flatMap(({ event_ids }) => event_ids), before])
  const removed = await deleteEntries(tx, [tenantId, blocks.map(({ number }) => number), before])
  if (removed.length === blocks.length) return
  throw new Error('The database lets nothing go that is younger than a month. Is the clock of this process right?')
}
