import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { statement, writing } from '#kernel/database/statement'
import type { On, OnTx } from '#kernel/database/statement'
import { sql, sqlJoin, sqlName } from '#kernel/database/sql'
import { transact } from '#kernel/database/transact'
import { Block, ChainEvent } from '../chain/record.ts'
import type { EventEntry } from '../chain/record.ts'
import { EVENT_COLUMNS } from './events.ts'

const Ids = z.array(z.string()).readonly()

const lock = writing(
  'audit.lock-chain',
  sql`select pg_advisory_xact_lock(hashtext('audit.chain'), hashtext(:tenant_id)) as locked`,
  { row: z.strictObject({ locked: z.string() }) },
)

/**
 * Locks the end of a tenant's chain until the transaction ends, waiting for the sealer that has the lock. Reads after it
 * see what that sealer committed. Writing an event does not take this lock.
 */
export async function lockChain(on: OnTx): Promise<void> {
  await lock(on)
}

const head = statement(
  'audit.chain-head',
  sql`select number, hash from audit.blocks where tenant_id = :tenant_id order by number desc limit 1`,
  { row: Block.pick({ number: true, hash: true }) },
)

/** The last block; undefined before the first. */
export async function chainHead(on: On): Promise<Pick<Block, 'number' | 'hash'> | undefined> {
  const [found] = await head(on)
  return found
}

/** A block with its events. `entries` is undefined where retention deleted the events. */
export interface StoredBlock {
  readonly block: Block
  readonly entries: readonly EventEntry[] | undefined
  readonly events: readonly ChainEvent[]
}

const blocks = filteredStatement(
  'audit.list-blocks',
  {
    filters: { sealed_before: { where: sql`block.sealed_at collate "C" < :sealed_before`, is: z.string() } },
    params: { after: z.int(), limit: z.int() },
    row: z.strictObject({
      ...Block.shape,
      event_ids: z.array(z.string()).nullable(),
      event_hashes: z.array(z.string()).nullable(),
    }),
  },
  (conditions) => sql`select ${sqlJoin(Object.keys(Block.shape).map((column) => sql`block.${sqlName(column)}`))},
     held.event_ids, held.event_hashes
   from audit.blocks as block left join audit.block_events as held using (tenant_id, number)
   where tenant_id = :tenant_id and number > :after and ${conditions}
   order by number limit :limit`,
)

const eventsOfBlock = statement(
  'audit.events-of-block',
  sql`select ${EVENT_COLUMNS} from audit.events as event where tenant_id = :tenant_id and id = any (:ids)`,
  { params: { ids: Ids }, row: ChainEvent },
)

interface BlockRange {
  readonly after: number
  /** Leaves out blocks that were sealed at or after this time. */
  readonly sealedBefore?: string | undefined
}

/** The blocks after a number, with their entries, without the events themselves. */
export async function listBlocks(
  on: On,
  { after, limit, sealedBefore }: BlockRange & { readonly limit: number },
): Promise<Omit<StoredBlock, 'events'>[]> {
  const rows = await blocks(on, { after, limit, sealed_before: sealedBefore })
  return rows.map(({ event_ids: ids, event_hashes: hashes, ...block }) => ({
    block,
    entries: ids === null || hashes === null ? undefined : ids.map((id, at) => [id, hashes[at] ?? ''] as const),
  }))
}

/** The next block with its events in order, read in one snapshot because retention may delete them meanwhile. */
export function nextBlock({ db, ...of }: On, range: BlockRange): Promise<StoredBlock | undefined> {
  const read = async (on: On): Promise<StoredBlock | undefined> => {
    const [found] = await listBlocks(on, { ...range, limit: 1 })
    if (found === undefined) return undefined
    const ids = found.entries?.map(([id]) => id) ?? []
    const events = ids.length === 0 ? [] : await eventsOfBlock(on, { ids })
    const places = new Map(ids.map((id, at) => [id, at]))
    const inOrder = events.toSorted((a, b) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0))
    return { ...found, events: inOrder }
  }
  return transact(db, (tx) => read({ ...of, db: tx }), { isolation: 'repeatable read', readOnly: true })
}

const firstSince = statement(
  'audit.first-block-since',
  sql`select min(number) as number from audit.blocks where tenant_id = :tenant_id and sealed_at collate "C" >= :time`,
  { params: { time: z.string() }, row: z.strictObject({ number: z.int().nullable() }) },
)

/** The first block that was sealed at or after this time; undefined when none was. */
export async function firstBlockSince(on: On, time: string): Promise<number | undefined> {
  const [first] = await firstSince(on, { time })
  return first?.number ?? undefined
}

const ExpiredBlock = z.strictObject({ number: z.int(), event_ids: Ids })
type ExpiredBlock = z.output<typeof ExpiredBlock>

const expired = statement(
  'audit.expired-blocks',
  sql`select number, event_ids from audit.block_events
   where tenant_id = :tenant_id and last_event_at < :before and number < coalesce(
     (select min(number) from audit.block_events where tenant_id = :tenant_id and last_event_at >= :before),
     9223372036854775807)
   order by number limit :limit`,
  { params: { before: z.date(), limit: z.int() }, row: ExpiredBlock },
)

const deleteEvents = writing(
  'audit.delete-expired-events',
  sql`delete from audit.events where tenant_id = :tenant_id and id = any (:ids) and at < :before`,
  { params: { ids: Ids, before: z.date() } },
)

const deleteEntries = writing(
  'audit.delete-expired-entries',
  sql`delete from audit.block_events
   where tenant_id = :tenant_id and number = any (:numbers) and last_event_at < :before returning number`,
  { params: { numbers: z.array(z.int()), before: z.date() }, row: z.strictObject({ number: z.int() }) },
)

/** The blocks that have only events older than `before`, up to the first block that has a younger one; oldest first. */
export function expiredBlocks(on: On, before: Date, limit: number): Promise<ExpiredBlock[]> {
  return expired(on, { before, limit })
}

const expiring = statement(
  'audit.tenants-with-expired-blocks',
  sql`with recursive tenants as (
     (select tenant_id from audit.block_events order by tenant_id limit 1)
     union all
     select (select b.tenant_id from audit.block_events b where b.tenant_id > t.tenant_id order by b.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants t where tenant_id is not null and (
     select last_event_at from audit.block_events b where b.tenant_id = t.tenant_id order by number limit 1) < :before`,
  { params: { before: z.date() }, row: z.strictObject({ tenant_id: z.string() }) },
)

/** The tenants that have expired blocks: the oldest block with events has only events older than `before`. `db` is the system handle. */
export async function tenantsWithExpiredBlocks(db: Db, before: Date): Promise<string[]> {
  return (await expiring({ db }, { before })).map(({ tenant_id }) => tenant_id)
}

/** Deletes the events of these blocks and keeps their headers. Throws when the database refuses to delete one. */
export async function removeEvents(on: OnTx, removed: readonly ExpiredBlock[], before: Date): Promise<void> {
  await deleteEvents(on, { ids: removed.flatMap(({ event_ids }) => event_ids), before })
  const gone = await deleteEntries(on, { numbers: removed.map(({ number }) => number), before })
  if (gone.length === removed.length) return
  throw new Error(
    'The database refuses to delete audit events younger than a month. Is the clock of this process right?',
  )
}
