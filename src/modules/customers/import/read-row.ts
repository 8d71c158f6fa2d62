import { Failure } from '#kernel/failure'
import { compileKey, sourceName } from './cells.ts'
import type { Cell, FindColumn } from './cells.ts'
import { entities } from './entities.ts'
import type { EntityName, Field } from './entities.ts'
import type { FoundSource, Load } from './mapping.ts'
import type { CsvRow } from './read-csv.ts'
import { compileField } from './read-field.ts'
import type { Value } from './read-value.ts'
import type { RowProblem } from './row-problem.ts'

/** A row found by a lookup: its fields by name, dates and times as text. */
export type Found = Readonly<Record<string, Value>>
/** Lookup results of a batch: by lookup name, then by key. */
export type FoundByLookup = ReadonlyMap<string, ReadonlyMap<string, Found>>

export type ReadRow = { readonly values: readonly Value[] } | { readonly problems: readonly RowProblem[] }

/** Whether this import has rejected the row of an entity with this key. */
export type IsRejected = (entity: EntityName, key: string) => boolean

/**
 * Compiles the fields of a load for one file's header. The returned function reads a row into values in the order of
 * `Object.keys(load.fields)`, or returns all its problems. Throws `Failure('invalid')` for a missing column.
 */
export function compileRow(
  load: Load,
  cell: FindColumn,
): (row: CsvRow, found: FoundByLookup, isRejected: IsRejected) => ReadRow {
  const lookups = Object.entries(load.lookups).map(([name, lookup]) => ({
    name,
    entity: lookup.entity,
    column: sourceName(lookup.key),
    key: compileKey(lookup.key, cell),
  }))
  const fields: Readonly<Record<string, Field>> = entities[load.entity].fields
  const readers = Object.entries(load.fields).map(([name, source]): Reader => {
    const field = fields[name]
    if (field === undefined) throw new Failure('invalid', `${load.entity} has no field ${name}.`)
    if (!('from' in source)) return compileField(field, source, load.formats, cell)
    return compileFound(source, lookups.find((lookup) => lookup.name === source.from)?.key ?? (() => ''))
  })

  return (row, found, isRejected) => {
    const problems: RowProblem[] = []
    for (const { name, entity, column, key } of lookups) {
      const value = key(row)
      if (found.get(name)?.has(value)) continue
      problems.push({ column, value, ...missingParent(name, entity, isRejected(entity, value)) })
    }
    const values: Value[] = []
    for (const read of readers) {
      const value = read(row, found)
      if (typeof value !== 'object' || value === null) values.push(value)
      else if (!problems.some(({ column, reason }) => column === value.column && reason === value.reason))
        problems.push(value)
    }
    return problems.length === 0 ? { values } : { problems }
  }
}

function missingParent(name: string, entity: EntityName, isRejected: boolean): Omit<RowProblem, 'column' | 'value'> {
  return isRejected
    ? { reason: `rejected_${name}`, expected: `a ${entity} whose own row is not rejected`, isInherited: true }
    : { reason: `unknown_${name}`, expected: `a known ${entity}, stored before or loaded from an earlier file` }
}

type Reader = (row: CsvRow, found: FoundByLookup) => Value | RowProblem

/** Compiles a field whose value is in a row that a lookup found. */
function compileFound({ from, field }: FoundSource, key: Cell): Reader {
  return (row, found) => found.get(from)?.get(key(row))?.[field] ?? null
}
