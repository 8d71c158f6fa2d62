import { z } from 'zod'
import { statement, writing } from '../database/statement.ts'
import type { On, OnTx } from '../database/statement.ts'
import { sql, sqlJoin, sqlName } from '../database/sql.ts'
import type { Sql } from '../database/sql.ts'
import type { HeldRow, HeldTable } from './held-table.ts'
import { columnsOf } from './held-table.ts'
import { PHONE_CORE_DIGITS } from './person.ts'

/** A row's key values, by column. */
export type Place = Readonly<Record<string, string>>

/** The values to search for. */
export interface Wanted {
  readonly emails: readonly string[]
  readonly phones: readonly string[]
  readonly names: readonly string[]
  readonly pattern: string | null
  /** Ids and refs, by the column that holds them. */
  readonly ids: Readonly<Record<string, readonly string[]>>
}

const FIRST = { text: '', date: '-infinity', timestamptz: '-infinity', bigint: '-9223372036854775808' } as const

/** The key before every row. */
export const firstPlace = ({ key }: HeldTable): Place =>
  Object.fromEntries(Object.entries(key).map(([column, type]) => [column, FIRST[type]]))

/**
 * The statements of one table, all within a tenant and in primary-key order, so that each reads at most one page of
 * rows: a sweep reads the tenant's rows once and needs no index of its own.
 */
export function tableStatements(table: HeldTable) {
  const columns = columnsOf(table)
  return { ...reads(table, columns), ...writes(table, columns) }
}

/** A found row: its columns as text, and the whole row as JSON. */
const FoundRow = z.strictObject({
  was: z.record(z.string(), z.string().nullable()),
  whole: z.record(z.string(), z.unknown()),
})
export type FoundRow = z.output<typeof FoundRow>

function reads(table: HeldTable, columns: readonly string[]) {
  const { key } = table
  const keys = Object.keys(key)
  const name = table.table.replaceAll('_', '-')
  const from = sql`from ${sqlName(table.table)} t`
  const order = sqlJoin(keys.map(columnOf))
  const { conditions, params: searched } = matching(table)
  const after = sql`t.tenant_id = :tenant_id and (${order}) > (${placeOf(key, 'after')})`
  const afterPlace = placeParams(keys, 'after')
  const texts = columns.map((column) => sql`'${sqlName(column)}', ${columnOf(column)}::text`)
  const select = sql`select jsonb_build_object(${sqlJoin(texts)}) as was, to_jsonb(t) - 'tenant_id' as whole ${from}`

  const boundary = statement(
    `privacy.page-${name}`,
    sql`select ${sqlJoin(keys.map((column) => sql`${columnOf(column)}::text as ${sqlName(column)}`))} ${from}
     where ${after} order by ${order} offset :rows::bigint limit 1`,
    {
      params: { ...afterPlace, rows: z.int() },
      row: z.strictObject(Object.fromEntries(keys.map((column) => [column, z.string()]))),
    },
  )
  const within = statement(
    `privacy.find-in-${name}`,
    sql`${select} where ${after} and (${order}) <= (${placeOf(key, 'until')}) and (${conditions})`,
    { params: { ...afterPlace, ...placeParams(keys, 'until'), ...searched }, row: FoundRow },
  )
  const rest = statement(`privacy.find-in-rest-of-${name}`, sql`${select} where ${after} and (${conditions})`, {
    params: { ...afterPlace, ...searched },
    row: FoundRow,
  })
  return {
    /** The key of the last row of a page; undefined for the last page. */
    async boundary(on: On, after: Place, rows: number): Promise<Place | undefined> {
      const [end] = await boundary(on, { ...prefixed(after, 'after'), rows: rows - 1 })
      return end
    },
    /** The rows of a page that may concern the person; without `until`, of the last page. */
    find(on: On, after: Place, until: Place | undefined, wanted: Wanted): Promise<FoundRow[]> {
      const search = { ...wanted, ...prefixed(wanted.ids, 'id'), ...prefixed(after, 'after') }
      return until === undefined ? rest(on, search) : within(on, { ...search, ...prefixed(until, 'until') })
    },
  }
}

const columnOf = (column: string) => sql`t.${sqlName(column)}`
const parameterOf = (name: string) => sql`:${sqlName(name)}`
const prefixed = <Value>(values: Readonly<Record<string, Value>>, prefix: string): Record<string, Value> =>
  Object.fromEntries(Object.entries(values).map(([column, value]) => [`${prefix}_${column}`, value]))

const placeOf = (key: HeldTable['key'], prefix: string) =>
  sqlJoin(Object.entries(key).map(([column, type]) => sql`${parameterOf(`${prefix}_${column}`)}::${sqlName(type)}`))

const placeParams = (keys: readonly string[], prefix: string) =>
  Object.fromEntries(keys.map((column) => [`${prefix}_${column}`, z.string()]))

const Texts = z.array(z.string()).readonly()

/** The search conditions of this table, with their parameters. */
function matching({ own, text = [], json = [], externalIds = [] }: HeldTable): {
  conditions: Sql
  params: z.ZodRawShape
} {
  const { emails = [], phones = [], names = [] } = own
  const ids = [...Object.keys(own.ids ?? {}), ...(own.refs ?? [])]
  const searched = [
    ...text.map(columnOf),
    ...json.map((column) => sql`${columnOf(column)}::text`),
    ...externalIds.map(columnOf),
  ]
  const conditions = [
    ...emails.map((column) => sql`lower(trim(${columnOf(column)})) = any(:emails::text[])`),
    ...phones.map(
      (column) =>
        sql`right(regexp_replace(${columnOf(column)}, '\\D', '', 'g'), ${PHONE_CORE_DIGITS}) = any(:phones::text[])`,
    ),
    ...names.map((column) => sql`lower(trim(${columnOf(column)})) = any(:names::text[])`),
    ...ids.map((column) => sql`${columnOf(column)} = any(${parameterOf(`id_${column}`)}::text[])`),
    // One search over all of a row's texts costs half as much as one per column.
    ...(searched.length === 0 ? [] : [sql`concat_ws(e'\\n', ${sqlJoin(searched)}) ~* :pattern::text`]),
  ]
  return {
    conditions: sqlJoin(conditions, ' or '),
    params: {
      ...(emails.length > 0 && { emails: Texts }),
      ...(phones.length > 0 && { phones: Texts }),
      ...(names.length > 0 && { names: Texts }),
      ...(searched.length > 0 && { pattern: z.string().nullable() }),
      ...Object.fromEntries(ids.map((column) => [`id_${column}`, Texts])),
    },
  }
}

const lookUp = writing(
  'privacy.look-rows-up',
  sql`select set_config('enable_hashjoin', :setting, true) as hash_join, set_config('enable_mergejoin', :setting, true) as merge_join`,
  {
    params: { setting: z.enum(['on', 'off']) },
    row: z.strictObject({ hash_join: z.string(), merge_join: z.string() }),
  },
)

/**
 * Turns index lookups by key on or off for the writes of this transaction. Without them, a plan that overestimates the
 * rows would read the whole table for each page.
 */
export async function useIndexLookups(on: OnTx, wanted: boolean): Promise<void> {
  await lookUp(on, { setting: wanted ? 'off' : 'on' })
}

/**
 * The writes of one table. Keys are passed as columns of a record: behind row-level security, an expression on them
 * could not use an index.
 */
function writes(table: HeldTable, columns: readonly string[]) {
  const { key, json = [] } = table
  const keys = Object.keys(key)
  const name = table.table.replaceAll('_', '-')
  const held = sql`${sqlName(table.table)} t`
  const typeOf = (column: string) => sqlName(key[column] ?? (json.includes(column) ? 'jsonb' : 'text'))
  const was = keys.map((column) => sql`was_${sqlName(column)} ${typeOf(column)}`)
  const is = columns.map((column) => sql`is_${sqlName(column)} text`)
  const same = sqlJoin(
    keys.map((column) => sql`${columnOf(column)} = p.was_${sqlName(column)}`),
    ' and ',
  )
  const where = sql`where t.tenant_id = :tenant_id and ${same}`
  const sets = columns.map((column) => sql`${sqlName(column)} = p.is_${sqlName(column)}::${typeOf(column)}`)
  const params = { rows: z.string() }
  const update = writing(
    `privacy.scrub-${name}`,
    sql`update ${held} set ${sqlJoin(sets)}
     from jsonb_to_recordset(:rows::jsonb) as p(${sqlJoin([...was, ...is])}) ${where}`,
    { params },
  )
  const remove = writing(
    `privacy.erase-${name}`,
    sql`delete from ${held} using jsonb_to_recordset(:rows::jsonb) as p(${sqlJoin(was)}) ${where}`,
    { params },
  )
  const record = (row: HeldRow, of: readonly string[], prefix: string) =>
    Object.fromEntries(of.map((column) => [`${prefix}_${column}`, row[column]]))
  return {
    async update(on: OnTx, rows: readonly { readonly was: HeldRow; readonly is: HeldRow }[]): Promise<void> {
      if (rows.length === 0) return
      const records = rows.map((row) => ({ ...record(row.was, keys, 'was'), ...record(row.is, columns, 'is') }))
      await update(on, { rows: JSON.stringify(records) })
    },
    async remove(on: OnTx, rows: readonly HeldRow[]): Promise<void> {
      if (rows.length > 0) await remove(on, { rows: JSON.stringify(rows.map((row) => record(row, keys, 'was'))) })
    },
  }
}
