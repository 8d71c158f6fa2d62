import { Failure } from '#kernel/failure'
import type { CsvRow } from './read-csv.ts'
import { entities } from './entities.ts'
import type { EntityName, Field } from './entities.ts'
import type { FieldSource, Load } from './mapping.ts'
import { readValue, UNREADABLE, VALUE_KINDS } from './read-value.ts'
import type { Value } from './read-value.ts'
import { meantName } from './unused-columns.ts'

/** A row found by a lookup: its fields by name, dates and times as text. */
export type Found = Readonly<Record<string, Value>>
/** Lookup results of a batch: by lookup name, then by key. */
export type FoundByLookup = ReadonlyMap<string, ReadonlyMap<string, Found>>

/** Why a row was rejected: the column (or field) and what was expected. */
export interface RowProblem {
  readonly reason: string
  readonly column: string
  readonly value: string
  readonly expected: string
  /** True if the row has no fault of its own, but belongs to a row that was rejected. */
  readonly isInherited?: true
}

export type ReadRow = { readonly values: readonly Value[] } | { readonly problems: readonly RowProblem[] }

/** Whether this import has rejected the row of an entity with this key. */
export type IsRejected = (entity: EntityName, key: string) => boolean

/** Reads a cell of one row. */
export type Cell = (row: CsvRow) => string

/** Finds columns in one file's header, or says which are missing. */
export function columnFinder(file: string, columns: readonly string[]): (column: string) => Cell {
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

/**
 * Compiles the fields of a load for one file's header. The returned function reads a row into values in the order of
 * `Object.keys(load.fields)`, or returns all its problems. Throws `Failure('invalid')` for a missing column.
 */
export function compileRow(
  load: Load,
  cell: (column: string) => Cell,
): (row: CsvRow, found: FoundByLookup, isRejected: IsRejected) => ReadRow {
  const lookups = Object.entries(load.lookups).map(([name, lookup]) => ({
    name,
    entity: lookup.entity,
    column: sourceName(lookup.key),
    key: compileText(lookup.key, cell),
  }))
  const fields: readonly Readonly<Record<string, Field>>[] = [entities[load.entity].fields]
  const readers = Object.entries(load.fields).map(([name, source]) => {
    const field = fields[0]?.[name]
    if (field === undefined) throw new Failure('invalid', `${load.entity} has no field ${name}.`)
    return compileField(field, source, cell, lookups)
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
type LookupKeys = readonly { readonly name: string; readonly key: Cell }[]

function compileField(field: Field, source: FieldSource, cell: (column: string) => Cell, lookups: LookupKeys): Reader {
  if ('from' in source) {
    const key = lookups.find(({ name }) => name === source.from)?.key
    return (row, found) => found.get(source.from)?.get(key?.(row) ?? '')?.[source.field] ?? null
  }
  const column = sourceName(source)
  const read = compileText(source, cell)
  const map = 'map' in source ? source.map : undefined
  const plus = 'plus_minutes' in source && source.plus_minutes !== undefined ? cell(source.plus_minutes) : undefined
  const above = 'above' in source ? source.above : undefined

  return (row) => {
    const text = read(row)
    const problem = (reason: string, expected: string): RowProblem => ({ reason, column, value: text, expected })
    if (above !== undefined) return Number(text) > above
    const mapped = map === undefined || text === '' ? text : own(map, text)
    if (mapped === undefined) return problem('unknown_value', `one of ${Object.keys(map ?? {}).join(', ')}`)
    const value = readValue(field.kind, mapped)
    if (value === UNREADABLE) return problem(`not_${field.kind}`, VALUE_KINDS[field.kind])
    if (value === null) return field.required ? problem('missing_value', 'a value') : (field.empty ?? null)
    const violation = violationOf(field, value)
    if (violation !== undefined) return problem(violation[0], violation[1])
    return plus === undefined ? value : addMinutes(value, plus(row))
  }
}

function own(map: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/** Why a parsed value violates the field's constraints: a reason and what was expected. */
function violationOf(field: Field, value: string | number | boolean): readonly [string, string] | undefined {
  if (typeof value === 'string') {
    if (field.oneOf !== undefined && !field.oneOf.includes(value))
      return ['unknown_value', `one of ${field.oneOf.join(', ')}`]
    if (field.lengthMax !== undefined && value.length > field.lengthMax) {
      return ['too_long', `at most ${field.lengthMax} characters, not ${value.length}`]
    }
    if (field.pattern !== undefined && !field.pattern.test(value))
      return ['bad_format', `text matching ${field.pattern.source}`]
  }
  if (field.min !== undefined && Number(value) < field.min) return ['out_of_range', `at least ${field.min}`]
  if (field.max !== undefined && Number(value) > field.max) return ['out_of_range', `at most ${field.max}`]
  return undefined
}

function addMinutes(value: Value, minutes: string): Value {
  if (typeof value !== 'string' || minutes.trim() === '' || !Number.isFinite(Number(minutes))) return null
  return new Date(Date.parse(value) + Number(minutes) * 60_000).toISOString()
}

function sourceName(source: FieldSource): string {
  if ('column' in source) return source.column
  if ('template' in source) return source.template
  return 'from' in source ? `${source.from}.${source.field}` : 'constant'
}

/** Compiles a field source into a function that returns a row's text before parsing. */
export function compileText(source: FieldSource, cell: (column: string) => Cell): Cell {
  if ('constant' in source) return () => source.constant
  if ('template' in source) return compileTemplate(source.template, cell)
  if ('object' in source) return compileObject(source.object, cell)
  if ('from' in source)
    throw new Failure('invalid', `A lookup's key comes from the row itself, not from "${source.from}".`)
  const read =
    'or' in source && source.or !== undefined ? firstFilled(cell(source.column), cell(source.or)) : cell(source.column)
  const fallback = 'default' in source ? source.default : undefined
  return (row) => {
    const text = read(row).trim()
    return text === '' && fallback !== undefined ? fallback : text
  }
}

function firstFilled(one: Cell, other: Cell): Cell {
  return (row) => {
    const text = one(row)
    return text.trim() === '' ? other(row) : text
  }
}

function compileTemplate(template: string, cell: (column: string) => Cell): Cell {
  const parts = template.split(/\{([^}]+)\}/).map((part, index) => (index % 2 === 0 ? () => part : cell(part)))
  return (row) => parts.map((part) => part(row)).join('')
}

function compileObject(object: Readonly<Record<string, string>>, cell: (column: string) => Cell): Cell {
  const entries = Object.entries(object).map(([name, column]) => [name, cell(column)] as const)
  return (row) =>
    JSON.stringify(Object.fromEntries(entries.map(([name, read]) => [name, plainValue(read(row).trim())])))
}

/** Converts numbers and booleans to their types, for use in rules; an empty cell is null. */
function plainValue(text: string): Value {
  if (text === '') return null
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,9})?$/.test(text)) return Number(text)
  return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text
}
