import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { Block, ChainEvent, EventEntry } from '../chain/record.ts'
import { EVENT_COLUMNS } from './events.ts'

const waitStatement = statement(
  'audit.lock-chain',
  `select pg_advisory_xact_lock(hashtext('audit.chain'), hashtext($1))`,
)

/**
 * Locks the end of a tenant's chain until the transaction ends, after any sealer that has it. What is read after it is
 * what the sealer before left. Writers of events never meet this lock.
 */
export async function lockChain(tx: Db, tenantId: string): Promise<void> {
  await waitStatement(tx, [tenantId])
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

const expiringStatement = statement<{ tenant_id: string }>(
  'audit.tenants-with-expired-blocks',
  `with recursive tenants as (
     (select tenant_id from audit.block_events order by tenant_id limit 1)
     union all
     select (select b.tenant_id from audit.block_events b where b.tenant_id > t.tenant_id order by b.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants t where tenant_id is not null and (
     select last_event_at from audit.block_events b where b.tenant_id = t.tenant_id order by number limit 1) < $1`,
)

/** The tenants whose first block that has events has none as young as `before`. `db` is the system handle. */
export async function tenantsWithExpiredBlocks(db: Db, before: Date): Promise<string[]> {
  return (await expiringStatement(db, [before])).map(({ tenant_id }) => tenant_id)
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
