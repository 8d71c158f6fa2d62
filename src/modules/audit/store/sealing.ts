import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'
import type { Block, ChainEvent, EventEntry } from '../chain/record.ts'
import { EVENT_COLUMNS } from './events.ts'

/** Each tenant is found by one step in the key, however many of its events are unsealed. */
const tenantsStatement = statement<{ tenant_id: string }>(
  'audit.tenants-to-seal',
  `with recursive tenants as (
     (select tenant_id from audit.unsealed order by tenant_id limit 1)
     union all
     select (select u.tenant_id from audit.unsealed u where u.tenant_id > t.tenant_id order by u.tenant_id limit 1)
     from tenants t where t.tenant_id is not null
   )
   select tenant_id from tenants where tenant_id is not null`,
)

export async function tenantsToSeal(db: Db): Promise<string[]> {
  return (await tenantsStatement(db, [])).map(({ tenant_id }) => tenant_id)
}

const lockStatement = statement<{ tenant_id: string }>(
  'audit.try-lock-chains',
  `select tenant_id from unnest($1::text[]) as t(tenant_id)
   where pg_try_advisory_xact_lock(hashtext('audit.chain'), hashtext(tenant_id))`,
)

/**
 * Locks the ends of chains as `lockChain` does, but waits for none, so that two sealers never wait for each other.
 * Answers the tenants whose chain is locked.
 */
export async function tryLockChains(tx: Db, tenantIds: readonly string[]): Promise<string[]> {
  return (await lockStatement(tx, [tenantIds])).map(({ tenant_id }) => tenant_id)
}

const headsStatement = statement<{ tenant_id: string; number: number; hash: string }>(
  'audit.chain-heads',
  `select t.tenant_id, head.number, head.hash from unnest($1::text[]) as t(tenant_id) cross join lateral (
     select number, hash from audit.blocks b where b.tenant_id = t.tenant_id order by number desc limit 1) head`,
)

export type ChainHead = Pick<Block, 'number' | 'hash'>

/** The last block of each tenant that has one. The chains must be locked. */
export async function chainHeads(tx: Db, tenantIds: readonly string[]): Promise<Map<string, ChainHead>> {
  return new Map((await headsStatement(tx, [tenantIds])).map(({ tenant_id, ...head }) => [tenant_id, head]))
}

/** Every join is a lateral one with a limit: whatever the statistics say, each row is looked up by its key. */
const takeStatement = statement<ChainEvent>(
  'audit.take-unsealed',
  `with taken as (
     delete from audit.unsealed where ctid = any(array(
       select next.ctid from unnest($1::text[]) as t(tenant_id) cross join lateral (
         select u.ctid from audit.unsealed u
         cross join lateral (select from audit.events e where e.tenant_id = u.tenant_id and e.id = u.event_id limit 1) there
         where u.tenant_id = t.tenant_id order by u.event_id limit $2) next))
     returning tenant_id, event_id
   )
   select ${EVENT_COLUMNS} from taken cross join lateral (
     select * from audit.events e where e.tenant_id = taken.tenant_id and e.id = taken.event_id limit 1) event`,
)

/**
 * Takes committed events that no block holds, so many of each tenant; they count as sealed when, and only when, the
 * transaction commits. The name of an event that somebody deleted before it was sealed stays, and proves that.
 */
export async function takeUnsealed(
  tx: Db,
  tenantIds: readonly string[],
  max: number,
): Promise<Map<string, ChainEvent[]>> {
  return Map.groupBy(await takeStatement(tx, [tenantIds, max]), ({ tenant_id }) => tenant_id)
}

const insertStatement = statement(
  'audit.insert-blocks',
  `with closed as (
     select * from jsonb_to_recordset($1::jsonb) as b(tenant_id text, number bigint, previous_hash text, events_hash text,
       event_count integer, first_event_at text, last_event_at text, sealed_at text, public_key text, hash text, signature text,
       event_ids text[], event_hashes text[])
   ), block as (
     insert into audit.blocks (tenant_id, number, previous_hash, events_hash, event_count, first_event_at, last_event_at,
       sealed_at, public_key, hash, signature)
     select tenant_id, number, previous_hash, events_hash, event_count, first_event_at, last_event_at, sealed_at, public_key,
       hash, signature from closed
   )
   insert into audit.block_events (tenant_id, number, event_ids, event_hashes, last_event_at)
   select tenant_id, number, event_ids, event_hashes, last_event_at::timestamptz from closed`,
)

/** A block that is about to be stored, with its events in its order. */
export interface ClosedBlock {
  readonly block: Block
  readonly entries: readonly EventEntry[]
}

/** The primary key refuses a second block of the same number, whatever lock was forgotten. */
export async function insertBlocks(tx: Db, closed: readonly ClosedBlock[]): Promise<void> {
  const rows = closed.map(({ block, entries }) => ({
    ...block,
    event_ids: entries.map(([id]) => id),
    event_hashes: entries.map(([, hash]) => hash),
  }))
  await insertStatement(tx, [JSON.stringify(rows)])
}
