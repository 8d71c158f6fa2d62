import { Failure } from '#kernel/failure'
import type { FieldSource } from './mapping.ts'
import type { CsvRow } from './read-csv.ts'
import { meantName } from './unused-columns.ts'

/** Reads a cell of one row. */
export type Cell = (row: CsvRow) => string
export type FindColumn = (column: string) => Cell

/** Finds columns in one file's header, or says which are missing. */
export function columnFinder(file: string, columns: readonly string[]): FindColumn {
  return (column) => {
    const index = columns.indexOf(column)
    if (index === -1) {
      const meant = meantName(column, columns)
      const hint = meant === undefined ? '' : ` Is it "${meant}"?`
      throw new Failure('invalid', `${file} has no column "${column}".${hint} It has: ${columns.join(', ')}.`)
    }
    if (columns.lastIndexOf(column) !== index)
      throw new Failure('invalid', `${file} has two columns named "${column}".`)
    return ({ cells }) => cells[index] ?? ''
  }
}

/** The name by which a problem with a source is reported: its column, or what stands in its place. */
export function sourceName(source: FieldSource): string {
  if ('column' in source) return source.column
  if ('template' in source) return source.template
  return 'from' in source ? `${source.from}.${source.field}` : 'constant'
}

/** Compiles the source of a key into a function that returns a row's text. */
export function compileKey(source: FieldSource, cell: FindColumn): Cell {
  const read = compileText(source, cell)
  const fallback = 'default' in source ? source.default : undefined
  return (row) => {
    const text = read(row)
    return text === '' && fallback !== undefined ? fallback : text
  }
}

/** Compiles a source into a function that returns a row's text as the file has it, before anything is read from it. */
export function compileText(source: FieldSource, cell: FindColumn): Cell {
  if ('constant' in source) return () => source.constant
  if ('template' in source) return compileTemplate(source.template, cell)
  if ('from' in source)
    throw new Failure('invalid', `A lookup's key comes from the row itself, not from "${source.from}".`)
  if ('object' in source) throw new Failure('invalid', 'A key is text, not an object.')
  return compileColumn(source, cell)
}

/** Reads the first of a column and its alternative that is filled. */
export function compileColumn(
  source: { readonly column: string; readonly or?: string | undefined },
  cell: FindColumn,
): Cell {
  const read = cell(source.column)
  if (source.or === undefined) return (row) => read(row).trim()
  const other = cell(source.or)
  return (row) => read(row).trim() || other(row).trim()
}

function compileTemplate(template: string, cell: FindColumn): Cell {
  const parts = template.split(/\{([^}]+)\}/).map((part, index) => (index % 2 === 0 ? () => part : cell(part)))
  return (row) => parts.map((part) => part(row)).join('')
}
