import { compileKey, sourceName } from './cells.ts'
import type { Cell, FindColumn } from './cells.ts'
import { entities } from './entities.ts'
import type { EntityName } from './entities.ts'
import type { Load } from './mapping.ts'
import type { Value } from './read-value.ts'
import type { RowProblem } from './row-problem.ts'

/** A row found by a lookup: its fields by name, dates and times as text. */
export type Found = Readonly<Record<string, Value>>
/** Lookup results of a batch: by lookup name, then by key. */
export type FoundByLookup = ReadonlyMap<string, ReadonlyMap<string, Found>>

/** Stands for several rows with the same value, of which none is meant. */
export const AMBIGUOUS: Found = {}

/** A lookup compiled for one file: which field of which entity it compares with what. */
export interface Lookup {
  readonly name: string
  readonly entity: EntityName
  readonly by: string
  readonly column: string
  readonly key: Cell
}

export function compileLookups({ lookups }: Load, cell: FindColumn): Lookup[] {
  return Object.entries(lookups).map(([name, { entity, by, key }]) => {
    const natural = entities[entity].key
    const read = compileKey(key, cell)
    const isFolded = by !== undefined && by !== natural
    return {
      name,
      entity,
      by: by ?? natural,
      column: sourceName(key),
      key: isFolded ? (row) => foldedKey(read(row)) : read,
    }
  })
}

/** How a value is compared that is not a natural key: names and addresses whatever their case. */
export const foldedKey = (text: string) => text.trim().toLowerCase()

/** The identity of a row by one of its fields, as a lookup by this field would name it. */
export function identityOf(entity: EntityName, field: string, value: string): string {
  return `${field}=${field === entities[entity].key ? value : foldedKey(value)}`
}

/** Whether this import has rejected the row with this identity. */
export type IsRejected = (entity: EntityName, identity: string) => boolean

/** Why a lookup leads to no row; undefined if it does. */
export function lookupProblem(
  { name, entity, by, column }: Lookup,
  value: string,
  found: Found | undefined,
  isRejected: IsRejected,
): RowProblem | undefined {
  if (found === AMBIGUOUS)
    return { reason: `ambiguous_${name}`, column, value, expected: `the ${by} of one ${entity} only` }
  if (found !== undefined) return undefined
  if (isRejected(entity, identityOf(entity, by, value))) {
    const expected = `a ${entity} whose own row is not rejected`
    return { reason: `rejected_${name}`, column, value, expected, isInherited: true }
  }
  const expected = `a known ${entity}, stored before or loaded from an earlier file`
  return { reason: `unknown_${name}`, column, value, expected }
}
