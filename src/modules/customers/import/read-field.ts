import { compileColumn, compileText, sourceName } from './cells.ts'
import type { Cell, FindColumn } from './cells.ts'
import { dateFormat } from './date-format.ts'
import type { Field } from './entities.ts'
import type { ColumnSource, FieldSource, Formats, ObjectSource, Shift } from './mapping.ts'
import { numberFormat } from './number-format.ts'
import type { CsvRow } from './read-csv.ts'
import type { RowProblem } from './row-problem.ts'
import { NUMBER_KINDS, readValue, UNREADABLE, VALUE_KINDS } from './read-value.ts'
import type { Value, ValueKind } from './read-value.ts'
import { shiftDate, shiftInstant, UNIT_SECONDS } from './shift-time.ts'

/** Reads a field of one row: its value, or what is wrong with the cell. */
export type ReadField = (row: CsvRow) => Value | RowProblem

/**
 * Compiles a field whose value is in the row itself. The text of its cell goes through the value map or the format, is
 * read as the field's kind, and is checked; an empty cell is the default, which is what would be stored.
 */
export function compileField(field: Field, source: FieldSource, formats: Formats, cell: FindColumn): ReadField {
  if ('object' in source) return compileObject(source.object, cell)
  const column = sourceName(source)
  const text = compileText(source, cell)
  const { default: fallback, above }: Partial<ColumnSource> = 'column' in source ? source : {}
  const rewrite = 'column' in source ? compileRewriting(field.kind, source, formats) : asItIs
  const shift = compileShifts(field, source, formats, cell)

  return (row) => {
    const given = text(row)
    const problem = (reason: string, expected: string): RowProblem => ({ reason, column, value: given, expected })
    const rewritten = given === '' ? (fallback ?? '') : rewrite(given)
    if (typeof rewritten !== 'string') return problem(rewritten.reason, rewritten.expected)
    if (above !== undefined) return isAbove(rewritten, above) ?? problem('not_decimal', VALUE_KINDS.decimal)
    const value = readValue(field.kind, rewritten)
    if (value === UNREADABLE) return problem(`not_${field.kind}`, VALUE_KINDS[field.kind])
    if (value === null) return field.required ? problem('missing_value', 'a value') : (field.empty ?? null)
    const checked = checkValue(field, value)
    if (typeof checked === 'object') return problem(checked.reason, checked.expected)
    return shift === undefined ? checked : shift(row, String(checked))
  }
}

/** Text that `readValue` understands, or why it is not what the mapping says. */
type Rewrite = (text: string) => string | Wrong
type Wrong = Pick<RowProblem, 'reason' | 'expected'>

const asItIs: Rewrite = (text) => text

/** Compiles what happens to a filled cell before it is read: the value map, or the format and the unit. */
function compileRewriting(kind: ValueKind, { map, format, unit }: ColumnSource, formats: Formats): Rewrite {
  if (map !== undefined) return compileMap(map)
  const rewrite = compileFormat(kind, format ?? formatOf(kind, formats))
  const factor = unit === undefined ? undefined : UNIT_SECONDS[unit]
  if (factor === undefined) return rewrite
  return (text) => {
    const number = rewrite(text)
    return typeof number !== 'string' || !isNumber(number) ? number : String(Number(number) * factor)
  }
}

function compileMap(map: Readonly<Record<string, string>>): Rewrite {
  const exact = new Map(Object.entries(map))
  const folded = new Map([...exact].map(([from, to]) => [from.trim().toLowerCase(), to]))
  const expected = `one of ${[...exact.keys()].join(', ')}`
  return (text) => exact.get(text) ?? folded.get(text.toLowerCase()) ?? { reason: 'unknown_value', expected }
}

/** The format that a load states for every field of a kind. */
function formatOf(kind: ValueKind, formats: Formats): string | undefined {
  if (kind === 'date') return formats.date
  if (kind === 'timestamp') return formats.time ?? formats.date
  return NUMBER_KINDS.includes(kind) ? formats.number : undefined
}

function compileFormat(kind: ValueKind, pattern: string | undefined): Rewrite {
  if (pattern === undefined) return asItIs
  const wrong = { reason: `not_${kind}`, expected: `${VALUE_KINDS[kind].replace(/ such as.*/, '')} like ${pattern}` }
  if (NUMBER_KINDS.includes(kind)) {
    const format = numberFormat(pattern)
    return (text) => format?.toPlain(text) ?? wrong
  }
  const format = dateFormat(pattern)
  return (text) => {
    const iso = format?.toIso(text)
    const read = kind === 'date' ? iso?.slice(0, 'YYYY-MM-DD'.length) : iso
    return read === undefined || readValue(kind, read) === UNREADABLE ? wrong : read
  }
}

/** The value as it is stored, or why it violates the field's constraints. */
function checkValue(field: Field, value: string | number | boolean): string | number | boolean | Wrong {
  if (typeof value === 'string') {
    if (field.oneOf !== undefined)
      return chosen(field.oneOf, value) ?? { reason: 'unknown_value', expected: `one of ${field.oneOf.join(', ')}` }
    if (field.lengthMax !== undefined && value.length > field.lengthMax)
      return { reason: 'too_long', expected: `at most ${field.lengthMax} characters, not ${value.length}` }
    if (field.pattern !== undefined && !field.pattern.test(value))
      return { reason: 'bad_format', expected: `text matching ${field.pattern.source}` }
  }
  if (field.min !== undefined && Number(value) < field.min)
    return { reason: 'out_of_range', expected: `at least ${field.min}` }
  if (field.max !== undefined && Number(value) > field.max)
    return { reason: 'out_of_range', expected: `at most ${field.max}` }
  return value
}

/** The choice that a text names; case, spaces and hyphens do not matter: `Multi-year` is `multi_year`. */
export function chosen(oneOf: readonly string[], text: string): string | undefined {
  const folded = text.toLowerCase().replace(/[\s-]+/g, '_')
  return oneOf.find((choice) => choice.toLowerCase() === folded)
}

/** Compiles `plus` and `minus`. Where an amount is not given, the time is unknown. */
function compileShifts(field: Field, source: FieldSource, formats: Formats, cell: FindColumn) {
  const { plus, minus }: { plus?: Shift | undefined; minus?: Shift | undefined } =
    'column' in source || 'constant' in source ? source : {}
  if (plus === undefined && minus === undefined) return undefined
  const steps = [
    ...(plus === undefined ? [] : [{ ...plus, sign: 1, amount: cell(plus.column) }]),
    ...(minus === undefined ? [] : [{ ...minus, sign: -1, amount: cell(minus.column) }]),
  ]
  const rewrite = compileFormat('decimal', formats.number)
  const shift = field.kind === 'date' ? shiftDate : shiftInstant
  return (row: CsvRow, value: string): Value | RowProblem => {
    let shifted = value
    for (const { column, unit, sign, amount } of steps) {
      const text = amount(row).trim()
      const problem = (reason: string, expected: string): RowProblem => ({ reason, column, value: text, expected })
      if (text === '') return field.required ? problem('missing_value', `a number of ${unit}`) : (field.empty ?? null)
      const number = rewrite(text)
      if (typeof number !== 'string' || !isNumber(number)) return problem('not_decimal', `a number of ${unit}`)
      const isWhole = Number.isInteger(Number(number))
      if (!isWhole && (field.kind === 'date' || UNIT_SECONDS[unit] === undefined))
        return problem('not_integer', `a whole number of ${unit}`)
      const moved = Math.abs(Number(number)) <= SHIFT_MAX ? shift(shifted, sign * Number(number), unit) : ''
      if (readValue(field.kind, moved) === UNREADABLE || moved === '')
        return problem('out_of_range', `a number of ${unit} that leads to a year from 1900 to 2199`)
      shifted = moved
    }
    return shifted
  }
}

/** More of any unit leads beyond every date, and beyond what a date can be computed with. */
const SHIFT_MAX = 100_000

function isNumber(text: string): boolean {
  const value = readValue('decimal', text)
  return value !== UNREADABLE && value !== null
}

function isAbove(text: string, limit: number): boolean | undefined {
  if (text === '') return false
  return isNumber(text) ? Number(text) > limit : undefined
}

function compileObject(object: ObjectSource, cell: FindColumn): ReadField {
  const entries = Object.entries(object).map(([name, source]) => {
    const read: Cell = compileColumn(source, cell)
    const rewrite = source.map === undefined ? compilePlainFormat(source.format) : compileMap(source.map)
    return { name, source, read, rewrite }
  })
  return (row) => {
    const values: [string, Value][] = []
    for (const { name, source, read, rewrite } of entries) {
      const text = read(row)
      const rewritten = text === '' ? (source.default ?? '') : rewrite(text)
      if (typeof rewritten !== 'string') return { column: source.column, value: text, ...rewritten }
      values.push([name, plainValue(rewritten)])
    }
    return JSON.stringify(Object.fromEntries(values))
  }
}

/** A value of an object has no kind: its format says whether it is a number or a date. */
function compilePlainFormat(format: string | undefined): Rewrite {
  if (format === undefined) return asItIs
  if (numberFormat(format) !== undefined) return compileFormat('decimal', format)
  return compileFormat(dateFormat(format)?.hasTime === true ? 'timestamp' : 'date', format)
}

/** Converts numbers and booleans to their types, for use in rules; an empty cell is null. */
function plainValue(text: string): Value {
  if (text === '') return null
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,9})?$/.test(text)) return Number(text)
  return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text
}
