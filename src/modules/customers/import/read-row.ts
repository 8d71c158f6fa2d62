import { Failure } from '#kernel/failure'
import type { Cell, FindColumn } from './cells.ts'
import { entities } from './entities.ts'
import type { Field } from './entities.ts'
import { compileLookups, lookupProblem } from './lookups.ts'
import type { FoundByLookup, IsRejected } from './lookups.ts'
import type { FoundSource, Load } from './mapping.ts'
import type { CsvRow } from './read-csv.ts'
import { compileField } from './read-field.ts'
import type { Value } from './read-value.ts'
import type { RowProblem } from './row-problem.ts'

export type ReadRow = { readonly values: readonly Value[] } | { readonly problems: readonly RowProblem[] }

/**
 * Compiles the fields of a load for one file's header. The returned function reads a row into values in the order of
 * `Object.keys(load.fields)`, or returns all its problems. Throws `Failure('invalid')` for a missing column.
 */
export function compileRow(
  load: Load,
  cell: FindColumn,
): (row: CsvRow, found: FoundByLookup, isRejected: IsRejected) => ReadRow {
  const lookups = compileLookups(load, cell)
  const fields: Readonly<Record<string, Field>> = entities[load.entity].fields
  const readers = Object.entries(load.fields).map(([name, source]): Reader => {
    const field = fields[name]
    if (field === undefined) throw new Failure('invalid', `${load.entity} has no field ${name}.`)
    if (!('from' in source)) return compileField(field, source, load.formats, cell)
    return compileFound(source, lookups.find((lookup) => lookup.name === source.from)?.key ?? (() => ''))
  })

  return (row, found, isRejected) => {
    const problems: RowProblem[] = []
    for (const lookup of lookups) {
      const value = lookup.key(row)
      const problem = lookupProblem(lookup, value, found.get(lookup.name)?.get(value), isRejected)
      if (problem !== undefined) problems.push(problem)
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

type Reader = (row: CsvRow, found: FoundByLookup) => Value | RowProblem

/** Compiles a field whose value is in a row that a lookup found. */
function compileFound({ from, field }: FoundSource, key: Cell): Reader {
  return (row, found) => found.get(from)?.get(key(row))?.[field] ?? null
}
