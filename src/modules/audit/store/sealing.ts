import { z } from 'zod'
import type { Db, Tx } from '#kernel/database/db'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf } from '#kernel/database/row-sql'
import { sql, sqlJoin, sqlName } from '#kernel/database/sql'
import { Block, ChainEvent } from '../chain/record.ts'
import type { EventEntry } from '../chain/record.ts'
import { EVENT_COLUMNS } from './events.ts'

const Tenants = { tenant_ids: z.array(z.string()).readonly() }
const TenantRow = z.strictObject({ tenant_id: z.string() })
const TENANTS = sql`unnest(:tenant_ids::text[]) as t(tenant_id)`

/** A skip scan: one index lookup for each tenant, however many of its events are unsealed. */
const unsealed = statement(
  'audit.tenants-to-seal',
  sql`with recursive tenants as (
     (select tenant_id from audit.unsealed order by tenant_id limit 1)
     union all
     select (select u.tenant_id from audit.unsealed u where u.tenant_id > t.tenant_id order by u.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants where tenant_id is not null`,
  { row: TenantRow },
)

export async function tenantsToSeal(db: Db): Promise<string[]> {
  return (await unsealed({ db })).map(({ tenant_id }) => tenant_id)
}

const tryLock = writing(
  'audit.try-lock-chains',
  sql`select tenant_id from ${TENANTS} where pg_try_advisory_xact_lock(hashtext('audit.chain'), hashtext(tenant_id))`,
  { params: Tenants, row: TenantRow },
)

/**
 * Takes the locks of `lockChain` for many tenants without waiting, so that two sealers cannot deadlock. Returns the
 * tenants whose chain it locked.
 */
export async function tryLockChains(tx: Tx, tenantIds: readonly string[]): Promise<string[]> {
  return (await tryLock({ db: tx }, { tenant_ids: tenantIds })).map(({ tenant_id }) => tenant_id)
}

const ChainHead = Block.pick({ number: true, hash: true })
export type ChainHead = z.output<typeof ChainHead>

const heads = statement(
  'audit.chain-heads',
  sql`select t.tenant_id, head.number, head.hash from ${TENANTS} cross join lateral (
     select number, hash from audit.blocks b where b.tenant_id = t.tenant_id order by number desc limit 1) head`,
  { params: Tenants, row: z.strictObject({ ...TenantRow.shape, ...ChainHead.shape }) },
)

/** The last block of each tenant that has one. The chains must be locked. */
export async function chainHeads(tx: Tx, tenantIds: readonly string[]): Promise<Map<string, ChainHead>> {
  const found = await heads({ db: tx }, { tenant_ids: tenantIds })
  return new Map(found.map(({ tenant_id, ...head }) => [tenant_id, head]))
}

/** Every join is lateral with a limit, which makes PostgreSQL look each row up by its key whatever the statistics say. */
const take = writing(
  'audit.take-unsealed',
  sql`with taken as (
     delete from audit.unsealed where ctid = any(array(
       select next.ctid from ${TENANTS} cross join lateral (
         select u.ctid from audit.unsealed u
         cross join lateral (select from audit.events e where e.tenant_id = u.tenant_id and e.id = u.event_id limit 1) there
         where u.tenant_id = t.tenant_id order by u.event_id limit :limit) next))
     returning tenant_id, event_id
   )
   select ${EVENT_COLUMNS} from taken cross join lateral (
     select * from audit.events e where e.tenant_id = taken.tenant_id and e.id = taken.event_id limit 1) event`,
  { params: { ...Tenants, limit: z.int() }, row: ChainEvent },
)

/**
 * Takes up to `limit` unsealed events of each tenant. They are sealed when the transaction commits. The `audit.unsealed`
 * row of an event that was deleted before it was sealed stays, as evidence of the deletion.
 */
export async function takeUnsealed(
  tx: Tx,
  tenantIds: readonly string[],
  limit: number,
): Promise<Map<string, ChainEvent[]>> {
  return Map.groupBy(await take({ db: tx }, { tenant_ids: tenantIds, limit }), ({ tenant_id }) => tenant_id)
}

const TYPES: Readonly<Record<string, string>> = { number: 'bigint', event_count: 'integer' }
const recorded = Object.keys(Block.shape).map((column) => sql`${sqlName(column)} ${sqlName(TYPES[column] ?? 'text')}`)

const insert = writing(
  'audit.insert-blocks',
  sql`with closed as (
     select * from jsonb_to_recordset(:blocks::jsonb) as b(${sqlJoin(recorded)}, event_ids text[], event_hashes text[])
   ), block as (
     insert into audit.blocks (${columnsOf(Block)}) select ${columnsOf(Block)} from closed
   )
   insert into audit.block_events (tenant_id, number, event_ids, event_hashes, last_event_at)
   select tenant_id, number, event_ids, event_hashes, last_event_at::timestamptz from closed`,
  { params: { blocks: z.string() } },
)

/** A block to be stored, with its entries in order. */
export interface ClosedBlock {
  readonly block: Block
  readonly entries: readonly EventEntry[]
}

/** Stores blocks. The primary key refuses a second block of the same number, even if a lock was forgotten. */
export async function insertBlocks(tx: Tx, closed: readonly ClosedBlock[]): Promise<void> {
  const rows = closed.map(({ block, entries }) => ({
    ...block,
    event_ids: entries.map(([id]) => id),
    event_hashes: entries.map(([, hash]) => hash),
  }))
  await insert({ db: tx }, { blocks: JSON.stringify(rows) })
}
