import type { Db } from '../database/db.ts'
import { statement } from '../database/statement.ts'
import type { HeldRow, HeldTable } from './held-table.ts'
import { columnsOf } from './held-table.ts'
import { PHONE_CORE_DIGITS } from './person.ts'

/** The key of a row, as text, in the order of `HeldTable.key`. */
export type Place = readonly string[]

/** What is searched for; `ids` in the order of the table's id columns, then the refs for each column that holds them. */
export interface Wanted {
  readonly emails: readonly string[]
  readonly phones: readonly string[]
  readonly names: readonly string[]
  readonly pattern: string | null
  readonly ids: readonly (readonly string[])[]
}

const FIRST = { text: '', date: '-infinity', timestamptz: '-infinity', bigint: '-9223372036854775808' } as const

/** The place before every row. */
export const firstPlace = ({ key }: HeldTable): Place => Object.values(key).map((type) => FIRST[type])

/**
 * The statements of one table, all within a tenant and along its primary key, so that none reads more than a page of
 * rows: a sweep costs one read of the tenant's rows and no index of its own.
 */
export function tableStatements(table: HeldTable) {
  const { key } = table
  const keys = Object.keys(key)
  const name = table.table.replaceAll('_', '-')
  const columns = columnsOf(table)
  const texts = columns.map((column) => `t.${column}::text as ${column}`).join(', ')
  const types = Object.values(key)
  const place = (from: number) => `(${types.map((type, at) => `$${from + at}::${type}`).join(', ')})`
  const order = keys.map((column) => `t.${column}`).join(', ')
  const after = `t.tenant_id = $1 and (${order}) > ${place(2)}`
  const from = 2 + keys.length
  const matches = matching(table, from + keys.length)
  const select = `select ${texts}, to_jsonb(t) - 'tenant_id' as whole from ${table.table} t where ${after}`

  const boundary = statement<HeldRow>(
    `privacy.page-${name}`,
    `select ${keys.map((column) => `t.${column}::text as ${column}`).join(', ')} from ${table.table} t
     where ${after} order by ${order} offset $${from}::bigint limit 1`,
  )
  const within = statement<FoundRow>(
    `privacy.find-in-${name}`,
    `${select} and (${order}) <= ${place(from)} and (${matches})`,
  )
  const rest = statement<FoundRow>(
    `privacy.find-in-rest-of-${name}`,
    `${select} and (${matches}) and ${place(from)} is not null`,
  )
  return { boundary, within, rest, keys, ...writes(table, columns) }
}

export type FoundRow = HeldRow & { readonly whole: Readonly<Record<string, unknown>> }

/** Parameters from `first` on: emails, phones, names, pattern, then one array of ids for each id column. */
function matching({ own, text = [], json = [], madeUpIds = [] }: HeldTable, first: number): string {
  const searched = [...text, ...json.map((column) => `${column}::text`), ...madeUpIds].map((column) => `t.${column}`)
  const conditions = [
    ...(own.emails ?? []).map((column) => `lower(trim(t.${column})) = any($${first}::text[])`),
    ...(own.phones ?? []).map(
      (column) =>
        `right(regexp_replace(t.${column}, '\\D', '', 'g'), ${PHONE_CORE_DIGITS}) = any($${first + 1}::text[])`,
    ),
    ...(own.names ?? []).map((column) => `lower(trim(t.${column})) = any($${first + 2}::text[])`),
    ...[...Object.keys(own.ids ?? {}), ...(own.refs ?? [])].map(
      (column, at) => `t.${column} = any($${first + 4 + at}::text[])`,
    ),
    // One search over all of a row's text costs half of one for each column.
    ...(searched.length === 0 ? [] : [`concat_ws(e'\\n', ${searched.join(', ')}) ~* $${first + 3}::text`]),
  ]
  // Every parameter has to be named, for the server to know its type.
  return `${conditions.join(' or ')} or ($${first}::text[] is null or $${first + 1}::text[] is null
    or $${first + 2}::text[] is null or ($${first + 3}::text is null and false))`
}

const lookUp = statement<never>(
  'privacy.look-rows-up',
  `select set_config('enable_hashjoin', $1, true), set_config('enable_mergejoin', $1, true)`,
)

/**
 * Has the writes of this transaction look their rows up by key, or no longer: a plan that takes the number of rows for a
 * large share of the table would read all of it for each page.
 */
export async function lookRowsUp(db: Db, wanted: boolean): Promise<void> {
  await lookUp(db, [wanted ? 'off' : 'on'])
}

/**
 * Takes rows as they were and as they shall be. The keys come as columns of a record, for an expression on them could not
 * be looked up in an index from behind row-level security.
 */
function writes(table: HeldTable, columns: readonly string[]) {
  const { key, json = [] } = table
  const keys = Object.entries(key)
  const name = table.table.replaceAll('_', '-')
  const typeOf = (column: string) => key[column] ?? (json.includes(column) ? 'jsonb' : 'text')
  const was = keys.map(([column, type]) => `was_${column} ${type}`)
  const is = columns.map((column) => `is_${column} text`)
  const where = `t.tenant_id = $1 and ${keys.map(([column]) => `t.${column} = p.was_${column}`).join(' and ')}`
  const sets = columns.map((column) => `${column} = p.is_${column}::${typeOf(column)}`)
  const update = statement<never>(
    `privacy.scrub-${name}`,
    `update ${table.table} t set ${sets.join(', ')}
     from jsonb_to_recordset($2::jsonb) as p(${[...was, ...is].join(', ')}) where ${where}`,
  )
  const remove = statement<never>(
    `privacy.erase-${name}`,
    `delete from ${table.table} t using jsonb_to_recordset($2::jsonb) as p(${was.join(', ')}) where ${where}`,
  )
  const place = (row: HeldRow) => Object.fromEntries(keys.map(([column]) => [`was_${column}`, row[column]]))
  return {
    update: async (db: Db, tenantId: string, rows: readonly { readonly was: HeldRow; readonly is: HeldRow }[]) => {
      if (rows.length === 0) return
      const records = rows.map((row) => ({
        ...place(row.was),
        ...Object.fromEntries(columns.map((column) => [`is_${column}`, row.is[column]])),
      }))
      await update(db, [tenantId, JSON.stringify(records)])
    },
    remove: async (db: Db, tenantId: string, rows: readonly HeldRow[]) => {
      if (rows.length > 0) await remove(db, [tenantId, JSON.stringify(rows.map(place))])
    },
  }
}
