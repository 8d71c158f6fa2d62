import { LRUCache } from 'lru-cache'
import type { Ctx } from '#kernel/context'
import { z } from 'zod'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql, sqlJoin, sqlName, sqlText } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { Stage } from '../record/contract.ts'
import { recordStage } from '../record/store/stage-changes.ts'
import { entities } from './entities.ts'
import type { Entity, EntityName, Field } from './entities.ts'
import type { Load } from './mapping.ts'
import { AMBIGUOUS } from './lookups.ts'
import type { Found } from './lookups.ts'
import type { Value } from './read-value.ts'

export interface Saved {
  readonly inserted: number
  /** The keys of the rows that were stored and have changed. */
  readonly updated: readonly string[]
}

/** The progress of an import step, from which an interrupted import resumes. */
const Checkpoint = z.strictObject({ rows_done: z.int(), rows_inserted: z.int(), rows_updated: z.int() })
export type Checkpoint = z.output<typeof Checkpoint>

const SQL_TYPES: Readonly<Record<Field['kind'], Sql>> = {
  text: sql`text`,
  date: sql`date`,
  timestamp: sql`timestamptz`,
  integer: sql`integer`,
  decimal: sql`double precision`,
  duration: sql`double precision`,
  money: sql`bigint`,
  boolean: sql`boolean`,
  json: sql`jsonb`,
}

const Saving = z.strictObject({ key: z.string(), inserted: z.boolean() })

type Save = (ctx: WriteCtx, values: Readonly<Record<string, unknown>>) => Promise<z.output<typeof Saving>[]>
const saves = new LRUCache<string, Save>({ max: 200 })

/**
 * Stores rows in one statement. A stored row with the same key is kept, but for the fields `updates`, which get the
 * given values if they differ; JSON objects keep the names that are not given. `values` are in the order of
 * `Object.keys(load.fields)`.
 */
export async function saveRows(
  ctx: WriteCtx,
  source: string,
  { load, updates }: { readonly load: Load; readonly updates: readonly string[] },
  rows: readonly (readonly Value[])[],
): Promise<Saved> {
  const cacheKey = [load.entity, Object.keys(load.fields).join(), updates.join()].join(' ')
  const save = saves.get(cacheKey) ?? saveStatement(load, updates)
  saves.set(cacheKey, save)
  const given: Record<string, unknown> = { from_source: source }
  for (const [index, { column }] of fieldsOf(load).entries())
    given[column] = rows.map((values) => values[index] ?? null)
  const saved = await save(ctx, given)
  const updated = saved.flatMap(({ key, inserted }) => (inserted ? [] : [key]))
  return { inserted: saved.length - updated.length, updated }
}

function fieldsOf(load: Load): readonly Field[] {
  const entity: Entity = entities[load.entity]
  return Object.keys(load.fields).flatMap((name) => entity.fields[name] ?? [])
}

/** Builds the statement that stores rows; each column is an array parameter named after it. */
function saveStatement(load: Load, updates: readonly string[]): Save {
  const entity: Entity = entities[load.entity]
  const fields = fieldsOf(load)
  const columns = fields.map(({ column }) => sqlName(column))
  const key = sqlName(entity.fields[entity.key]?.column ?? entity.key)
  const external = entity.hasExternalId ? [sqlName('external_id')] : []
  const arrays = fields.map(({ column, kind }) => sql`:${sqlName(column)}::${SQL_TYPES[kind]}[]`)
  const given = sqlJoin(columns.map((column) => sql`i.${column}`))
  const values = Object.fromEntries(fields.map(({ column }) => [column, z.array(z.unknown())]))
  const params: z.ZodRawShape = { from_source: z.string(), ...values }
  return writing(
    `customers.import-${load.entity}`,
    sql`insert into ${sqlName(entity.table)} as stored (${sqlJoin([sqlName('tenant_id'), sqlName('source'), ...columns, ...external])})
      select :tenant_id, :from_source, ${given}${sqlJoin(
        external.map(() => sql`, i.${key}`),
        '',
      )}
      from unnest(${sqlJoin(arrays)}) as i(${sqlJoin(columns)})
      on conflict ${updates.length > 0 ? updateSql(entity, key, updates) : sql`do nothing`}
      returning ${key} as key, ${updates.length > 0 ? sql`xmax = 0` : sql`true`} as inserted`,
    { params, row: Saving },
  )
}

function updateSql(entity: Entity, key: Sql, updates: readonly string[]): Sql {
  const fields = updates.flatMap((name) => entity.fields[name] ?? [])
  const changes = fields.map(({ column, kind }) => {
    const name = sqlName(column)
    return { name, value: kind === 'json' ? sql`stored.${name} || excluded.${name}` : sql`excluded.${name}` }
  })
  const sets = sqlJoin([
    ...changes.map(({ name, value }) => sql`${name} = ${value}`),
    sql`updated_at = now()`,
    ...(entity.isVersioned ? [sql`version = stored.version + 1`] : []),
  ])
  const stored = sqlJoin(changes.map(({ name }) => sql`stored.${name}`))
  const given = sqlJoin(changes.map(({ value }) => value))
  return sql`(tenant_id, ${key}) do update set ${sets} where (${stored}) is distinct from (${given})`
}

/**
 * Finds rows of an entity by its key, or by another field whose `keys` are in lower case. A key of several rows is found
 * as `AMBIGUOUS`. Dates and times are returned as text, comparable with the file's values.
 */
export async function findBy(
  ctx: Ctx,
  entity: EntityName,
  by: string,
  keys: readonly string[],
): Promise<Map<string, Found>> {
  const cacheKey = `${entity} ${by}`
  const find = finders.get(cacheKey) ?? finder(entity, by)
  finders.set(cacheKey, find)
  const byKey = new Map<string, Found>()
  for (const { key, found } of await find(ctx, { keys: [...keys] })) byKey.set(key, byKey.has(key) ? AMBIGUOUS : found)
  return byKey
}

const finder = (name: EntityName, by: string) => {
  const entity: Entity = entities[name]
  const column = sqlName(entity.fields[by]?.column ?? by)
  const key = by === entity.key ? column : sql`lower(${column})`
  const pairs = Object.entries(entity.fields)
    .filter(([, { kind }]) => kind !== 'json')
    .map(([field, each]) => sql`${sqlText(field)}, ${sqlName(each.column)}`)
  return statement(
    `customers.import-find-${name}`,
    sql`select ${key} as key, jsonb_build_object(${sqlJoin(pairs)}) as found from ${sqlName(entity.table)}
      where tenant_id = :tenant_id and ${key} = any(:keys::text[])`,
    {
      params: { keys: z.array(z.string()) },
      row: z.strictObject({ key: z.string(), found: z.custom<Found>() }),
    },
  )
}

const finders = new LRUCache<string, ReturnType<typeof finder>>({ max: 100 })

const deriveValue = writing(
  'customers.import-derive-contract-value',
  sql`update customers.customers c
   set contract_value_cents = s.value_cents, contract_end_date = s.ends_on, renewal_date = s.ends_on,
       seats = coalesce(s.users, c.seats), updated_at = now(), version = c.version + 1
   from (
     select client_id, coalesce(sum(contract_value_cents) filter (where is_running), 0) as value_cents,
            sum(included_users) filter (where is_running) as users,
            max(end_date) filter (where is_running) as ends_on
     from (
       select client_id, contract_value_cents, included_users, end_date,
              start_date <= :today::date and (end_date is null or end_date >= :today::date) and not is_trial as is_running
       from customers.contracts where tenant_id = :tenant_id and client_id = any(:client_ids::text[])
     ) k
     group by client_id
   ) s
   where c.tenant_id = :tenant_id and c.client_id = s.client_id
     and (s.ends_on is null or s.ends_on > c.contract_start_date)
     and (c.contract_value_cents, c.renewal_date) is distinct from (s.value_cents, s.ends_on)`,
  { params: { client_ids: z.array(z.string()), today: z.iso.date() } },
)

/**
 * Sets customers' contract value to the sum of their running contracts without trials, and the renewal date to the last
 * end of these.
 */
export async function deriveContractValue(ctx: WriteCtx, clientIds: readonly string[], today: string): Promise<void> {
  await deriveValue(ctx, { client_ids: [...clientIds], today })
}

const followStatus = writing(
  'customers.import-follow-status',
  sql`with moving as (
     select client_id, lifecycle_stage as from_stage from customers.customers
     where tenant_id = :tenant_id and client_id = any(:client_ids::text[])
       and (status = 'churned') <> (lifecycle_stage = 'churned')
     for update
   ), closed as (
     update customers.risk_indicators r set resolved_at = :now, updated_at = :now from moving m
     where r.tenant_id = :tenant_id and r.client_id = m.client_id and m.from_stage <> 'churned' and r.resolved_at is null
   )
   update customers.customers c
   set lifecycle_stage = case when c.status = 'churned' then 'churned' else 'active' end,
       churned_on = case when c.status = 'churned' then coalesce(c.churned_on, :today::date) end,
       health_score = case when c.status <> 'churned' then c.health_score end,
       health_trend = case when c.status <> 'churned' then c.health_trend end,
       churn_probability = case when c.status <> 'churned' then c.churn_probability end
   from moving m where c.tenant_id = :tenant_id and c.client_id = m.client_id
   returning c.client_id, m.from_stage as "from", c.lifecycle_stage as "to"`,
  {
    params: { client_ids: z.array(z.string()), today: z.iso.date(), now: z.date() },
    row: z.strictObject({ client_id: z.string(), from: Stage, to: Stage }),
  },
)

/**
 * Moves customers whose status was updated to the stage that it implies, as a change of stage does: a churned customer
 * is no longer scored and its risks are closed; one that returns is active. Records each move.
 */
export async function moveStagesToStatus(ctx: WriteCtx, clientIds: readonly string[], today: string): Promise<void> {
  const moved = await followStatus(ctx, { client_ids: [...clientIds], today, now: ctx.clock() })
  for (const { client_id, from, to } of moved)
    await recordStage(ctx, client_id, { from, to, reason: 'The imported status changed.', automated: true })
}

const OfStep = { mapping: z.string(), step_hash: z.string() }

const readCheckpoint = statement(
  'customers.import-checkpoint',
  sql`select ${columnsOf(Checkpoint)} from customers.import_checkpoints
   where tenant_id = :tenant_id and mapping = :mapping and step_hash = :step_hash`,
  { params: OfStep, row: Checkpoint },
)

export async function findCheckpoint(ctx: Ctx, mapping: string, stepHash: string): Promise<Checkpoint> {
  const [found] = await readCheckpoint(ctx, { mapping, step_hash: stepHash })
  return found ?? { rows_done: 0, rows_inserted: 0, rows_updated: 0 }
}

const writeCheckpoint = writing(
  'customers.import-save-checkpoint',
  sql`insert into customers.import_checkpoints (tenant_id, mapping, step_hash, ${columnsOf(Checkpoint)})
   values (:tenant_id, :mapping, :step_hash, ${parametersOf(Checkpoint)})
   on conflict (tenant_id, mapping, step_hash) do update
   set rows_done = excluded.rows_done, rows_inserted = excluded.rows_inserted, rows_updated = excluded.rows_updated,
       updated_at = now()`,
  { params: { ...OfStep, ...Checkpoint.shape } },
)

export async function saveCheckpoint(
  ctx: WriteCtx,
  mapping: string,
  stepHash: string,
  done: Checkpoint,
): Promise<void> {
  await writeCheckpoint(ctx, { mapping, step_hash: stepHash, ...done })
}

const deleteBySteps = writing(
  'customers.import-forget-checkpoints',
  sql`delete from customers.import_checkpoints
   where tenant_id = :tenant_id and mapping = :mapping and step_hash = any(:step_hashes::text[])`,
  { params: { mapping: z.string(), step_hashes: z.array(z.string()) } },
)

export async function deleteCheckpoints(ctx: WriteCtx, mapping: string, stepHashes: readonly string[]): Promise<void> {
  await deleteBySteps(ctx, { mapping, step_hashes: [...stepHashes] })
}

const setSavepoint = writing('customers.import-savepoint', sql`savepoint import_rows`)
const undoSavepoint = writing('customers.import-savepoint-undo', sql`rollback to savepoint import_rows`)
const releaseSavepoint = writing('customers.import-savepoint-release', sql`release savepoint import_rows`)

/** Runs work within a savepoint: if it fails, its writes are rolled back and the surrounding transaction continues. */
export async function withinSavepoint<T>(ctx: WriteCtx, work: () => Promise<T>): Promise<T> {
  await setSavepoint(ctx)
  try {
    return await work()
  } catch (error) {
    await undoSavepoint(ctx)
    throw error
  } finally {
    await releaseSavepoint(ctx)
  }
}
