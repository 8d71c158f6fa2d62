import { LRUCache } from 'lru-cache'
import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { entities } from './entities.ts'
import type { Entity, EntityName, Field } from './entities.ts'
import type { Load } from './mapping.ts'
import type { Found } from './read-row.ts'
import type { Value } from './read-value.ts'

export interface Saved {
  readonly inserted: number
  readonly updated: number
}

/** How far a step of an interrupted import got. */
export interface Checkpoint {
  readonly rows_done: number
  readonly rows_inserted: number
  readonly rows_updated: number
}

const SQL_TYPES: Readonly<Record<Field['kind'], string>> = {
  text: 'text',
  date: 'date',
  timestamp: 'timestamptz',
  integer: 'integer',
  decimal: 'double precision',
  money: 'bigint',
  boolean: 'boolean',
  json: 'jsonb',
}

type Statement = ReturnType<typeof statement<{ inserted: boolean }>>
const saves = new LRUCache<string, Statement>({ max: 200 })

/**
 * Stores rows in one statement. A row whose natural key is stored already is left as it is, or brought up to date
 * where it differs (`load.stored` is `update`). `values` are in the order of `Object.keys(load.fields)`.
 */
export async function saveRows(
  ctx: Ctx,
  source: string,
  load: Load,
  rows: readonly (readonly Value[])[],
): Promise<Saved> {
  const names = Object.keys(load.fields)
  const cacheKey = `${load.entity} ${load.stored} ${names.join()}`
  const save = saves.get(cacheKey) ?? statement<{ inserted: boolean }>(`customers.import-${load.entity}`, saveSql(load))
  saves.set(cacheKey, save)
  const columns = names.map((_, index) => rows.map((values) => values[index] ?? null))
  const saved = await save(ctx.db, [ctx.tenantId, source, ...columns])
  const inserted = saved.filter((row) => row.inserted).length
  return { inserted, updated: saved.length - inserted }
}

function saveSql(load: Load): string {
  const entity: Entity = entities[load.entity]
  const fields = Object.keys(load.fields).flatMap((name) => entity.fields[name] ?? [])
  const columns = fields.map(({ column }) => column)
  const key = entity.fields[entity.key]?.column ?? entity.key
  const external = entity.hasExternalId ? { column: ', external_id', value: `, i.${key}` } : { column: '', value: '' }
  const arrays = fields.map(({ kind }, index) => `$${index + 3}::${SQL_TYPES[kind]}[]`)
  return `insert into ${entity.table} as stored (tenant_id, source, ${columns.join(', ')}${external.column})
    select $1, $2, ${columns.map((column) => `i.${column}`).join(', ')}${external.value}
    from unnest(${arrays.join(', ')}) as i(${columns.join(', ')})
    on conflict ${load.stored === 'update' ? updateSql(key, columns) : 'do nothing'}
    returning ${load.stored === 'update' ? 'xmax = 0' : 'true'} as inserted`
}

function updateSql(key: string, columns: readonly string[]): string {
  const others = columns.filter((column) => column !== key)
  const stored = others.map((column) => `stored.${column}`).join(', ')
  const given = others.map((column) => `excluded.${column}`).join(', ')
  const sets = [...others.map((column) => `${column} = excluded.${column}`), 'updated_at = now()']
  return `(tenant_id, ${key}) do update set ${sets.join(', ')} where (${stored}) is distinct from (${given})`
}

/** Finds rows of an entity by key. Dates and times come as text, so that they compare with what a file holds. */
export async function findByKey(ctx: Ctx, name: EntityName, keys: readonly string[]): Promise<Map<string, Found>> {
  const rows = await finders[name](ctx.db, [ctx.tenantId, keys])
  return new Map(rows.map(({ found }) => [String(found[entities[name].key]), found]))
}

const finder = (name: EntityName) => {
  const entity: Entity = entities[name]
  const key = entity.fields[entity.key]?.column ?? entity.key
  const pairs = Object.entries(entity.fields)
    .filter(([, { kind }]) => kind !== 'json')
    .map(([field, { column }]) => `'${field}', ${column}`)
  return statement<{ found: Found }>(
    `customers.import-find-${name}`,
    `select jsonb_build_object(${pairs.join(', ')}) as found from ${entity.table}
     where tenant_id = $1 and ${key} = any($2::text[])`,
  )
}

const finders: Readonly<Record<EntityName, ReturnType<typeof finder>>> = {
  customer: finder('customer'),
  contact: finder('contact'),
  contract: finder('contract'),
  payment: finder('payment'),
  ticket: finder('ticket'),
  survey_answer: finder('survey_answer'),
  usage_event: finder('usage_event'),
  timeline_event: finder('timeline_event'),
}

const deriveValue = statement<never>(
  'customers.import-derive-contract-value',
  `update customers.customers c
   set contract_value_cents = s.value_cents, contract_end_date = s.ends_on, renewal_date = s.ends_on,
       seats = coalesce(s.users, c.seats), updated_at = now(), version = c.version + 1
   from (
     select client_id, coalesce(sum(contract_value_cents) filter (where is_running), 0) as value_cents,
            sum(included_users) filter (where is_running) as users,
            max(end_date) filter (where is_running) as ends_on
     from (
       select client_id, contract_value_cents, included_users, end_date,
              start_date <= $3::date and (end_date is null or end_date >= $3::date) and not is_trial as is_running
       from customers.contracts where tenant_id = $1 and client_id = any($2::text[])
     ) k
     group by client_id
   ) s
   where c.tenant_id = $1 and c.client_id = s.client_id
     and (s.ends_on is null or s.ends_on > c.contract_start_date)
     and (c.contract_value_cents, c.renewal_date) is distinct from (s.value_cents, s.ends_on)`,
)

/** A customer's value is the sum of its running contracts, trials left out; it is due for renewal when the last ends. */
export async function deriveContractValue(ctx: Ctx, clientIds: readonly string[], today: string): Promise<void> {
  await deriveValue(ctx.db, [ctx.tenantId, clientIds, today])
}

const readCheckpoint = statement<Checkpoint>(
  'customers.import-checkpoint',
  `select rows_done, rows_inserted, rows_updated from customers.import_checkpoints
   where tenant_id = $1 and mapping = $2 and step_hash = $3`,
)

export async function findCheckpoint(ctx: Ctx, mapping: string, stepHash: string): Promise<Checkpoint> {
  const [found] = await readCheckpoint(ctx.db, [ctx.tenantId, mapping, stepHash])
  return found ?? { rows_done: 0, rows_inserted: 0, rows_updated: 0 }
}

const writeCheckpoint = statement<never>(
  'customers.import-save-checkpoint',
  `insert into customers.import_checkpoints (tenant_id, mapping, step_hash, rows_done, rows_inserted, rows_updated)
   values ($1, $2, $3, $4, $5, $6)
   on conflict (tenant_id, mapping, step_hash) do update
   set rows_done = excluded.rows_done, rows_inserted = excluded.rows_inserted, rows_updated = excluded.rows_updated,
       updated_at = now()`,
)

export async function saveCheckpoint(ctx: Ctx, mapping: string, stepHash: string, done: Checkpoint): Promise<void> {
  await writeCheckpoint(ctx.db, [
    ctx.tenantId,
    mapping,
    stepHash,
    done.rows_done,
    done.rows_inserted,
    done.rows_updated,
  ])
}

const deleteCheckpoints = statement<never>(
  'customers.import-forget-checkpoints',
  'delete from customers.import_checkpoints where tenant_id = $1 and mapping = $2 and step_hash = any($3::text[])',
)

export async function forgetCheckpoints(ctx: Ctx, mapping: string, stepHashes: readonly string[]): Promise<void> {
  await deleteCheckpoints(ctx.db, [ctx.tenantId, mapping, stepHashes])
}

const setSavepoint = statement<never>('customers.import-savepoint', 'savepoint import_rows')
const undoSavepoint = statement<never>('customers.import-savepoint-undo', 'rollback to savepoint import_rows')
const releaseSavepoint = statement<never>('customers.import-savepoint-release', 'release savepoint import_rows')

/** When the work fails, what it did is undone and the transaction around it can go on. */
export async function withinSavepoint<T>(ctx: Ctx, work: () => Promise<T>): Promise<T> {
  await setSavepoint(ctx.db, [])
  try {
    return await work()
  } catch (error) {
    await undoSavepoint(ctx.db, [])
    throw error
  } finally {
    await releaseSavepoint(ctx.db, [])
  }
}
