import type { CsvRow } from './read-csv.ts'
import type { Flag, Load } from './mapping.ts'
import type { Cell, FindColumn } from './cells.ts'
import type { Found, FoundByLookup } from './lookups.ts'
import type { Value } from './read-value.ts'
import { seenValues } from './seen-values.ts'

/** Returns the flags of an accepted row. Call it once for every row, in file order. */
export type RaiseFlags = (row: CsvRow, values: readonly Value[], found: FoundByLookup) => readonly string[]

/** Compiles the flags of a load. `cell` finds columns; `lookupKey` gives a row's key in a lookup. */
export function compileFlags(load: Load, cell: FindColumn, lookupKey: (name: string) => Cell): RaiseFlags {
  const fieldNames = Object.keys(load.fields)
  const compare = (side: Side): Compared => {
    if ('constant' in side) return () => side.constant
    if ('column' in side) return cell(side.column)
    if ('from' in side) {
      const key = lookupKey(side.from)
      return (row, _values, found) => asText(found.get(side.from)?.get(key(row)), side.field)
    }
    const index = fieldNames.indexOf(side.field)
    return (_row, values) => String(values[index] ?? '')
  }
  const rules = load.flags.map((flag) => ({ name: flag.name, isRaised: compileFlag(flag, cell, compare) }))
  return (row, values, found) => rules.filter(({ isRaised }) => isRaised(row, values, found)).map(({ name }) => name)
}

type Side = NonNullable<Flag['less']>[0]
type Compared = (row: CsvRow, values: readonly Value[], found: FoundByLookup) => string
type Rule = (row: CsvRow, values: readonly Value[], found: FoundByLookup) => boolean

function compileFlag(flag: Flag, cell: FindColumn, compare: (side: Side) => Compared): Rule {
  if (flag.missing !== undefined) {
    const read = cell(flag.missing)
    return (row) => read(row).trim() === ''
  }
  if (flag.repeated !== undefined) {
    const read = cell(flag.repeated)
    const seen = seenValues()
    return (row) => seen.seenBefore(read(row))
  }
  const [first, second] = (flag.less ?? flag.differ ?? []).map(compare)
  if (first === undefined || second === undefined) return () => false
  const isRaised = flag.less === undefined ? (a: string, b: string) => a !== b : isLess
  return (row, values, found) => {
    const a = first(row, values, found)
    const b = second(row, values, found)
    return a !== '' && b !== '' && isRaised(a, b)
  }
}

const DATE_LENGTH = 10

/** Compares numbers by value, dates by day if either has no time, and other text bytewise. */
function isLess(a: string, b: string): boolean {
  const [x, y] = [Number(a), Number(b)]
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x < y
  const length = Math.min(a.length, b.length) === DATE_LENGTH ? DATE_LENGTH : undefined
  return a.slice(0, length) < b.slice(0, length)
}

function asText(found: Found | undefined, field: string): string {
  return String(found?.[field] ?? '')
}
