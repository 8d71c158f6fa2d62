import type { Ctx } from '#kernel/context'
import { compileFlags } from './flags.ts'
import type { RaiseFlags } from './flags.ts'
import { entities } from './entities.ts'
import type { InspectedFile } from './inspect-file.ts'
import { compileLookups, identityOf } from './lookups.ts'
import type { Found, FoundByLookup, IsRejected, Lookup } from './lookups.ts'
import type { FieldSource, Load } from './mapping.ts'
import { readCsv } from './read-csv.ts'
import type { CsvRow } from './read-csv.ts'
import { columnFinder, compileKey } from './cells.ts'
import type { Cell } from './cells.ts'
import { compileRow } from './read-row.ts'
import type { ReadRow } from './read-row.ts'
import type { RowProblem } from './row-problem.ts'
import type { AcceptedRow } from './save-batch.ts'
import { seenValues } from './seen-values.ts'
import type { SeenValues } from './seen-values.ts'
import { findBy } from './store.ts'

/** A batch of rows that were read, validated and resolved against lookups, ready to be stored. */
export interface ReadBatch {
  readonly accepted: readonly AcceptedRow[]
  readonly rejected: readonly RejectedRow[]
  /** The number of accepted rows per flag. */
  readonly flags: ReadonlyMap<string, number>
  readonly filteredOut: number
  /** The number of rows read up to the end of this batch; blank lines do not count. */
  readonly rowsDone: number
  readonly bytes: number
}

/** A rejected row: its line, everything that is wrong with it, and its identities, as far as they could be read. */
export interface RejectedRow {
  readonly line: number
  readonly identities: readonly string[]
  readonly problems: readonly RowProblem[]
}

/** A load compiled for one file, so that reading a row needs no interpretation of the mapping. */
export interface Step {
  readonly load: Load
  readonly file: InspectedFile
  /** The fields that are updated in rows that are stored already. */
  readonly updates: readonly string[]
  /** The columns of the file that the load reads. */
  readonly columns: ReadonlySet<string>
  /** By what lookups of this import would find a row. */
  readonly identities: (row: CsvRow) => readonly string[]
  read(ctx: Ctx, rowsMax: number, isRejected: IsRejected): AsyncGenerator<ReadBatch>
}

/** Compiles a load for a file. Throws `Failure('invalid')` if the file lacks a column the load names. */
export function compileStep(
  declared: Load,
  file: InspectedFile,
  { updates, soughtBy }: { readonly updates: readonly string[]; readonly soughtBy: readonly string[] },
): Step {
  const load = withCustomerLookup(declared)
  const find = columnFinder(file.name, file.columns)
  const columns = new Set<string>()
  const cell = (column: string): Cell => {
    columns.add(column)
    return find(column)
  }
  const lookups = compileLookups(load, cell)
  const lookupKey = (name: string): Cell => lookups.find((lookup) => lookup.name === name)?.key ?? (() => '')
  const keyField = entities[load.entity].key
  const sought = [...new Set([keyField, ...soughtBy])].flatMap((field) => {
    const source = load.fields[field]
    return source === undefined || 'from' in source ? [] : [{ field, read: compileKey(source, cell) }]
  })
  const identities = (row: CsvRow) => sought.map(({ field, read }) => identityOf(load.entity, field, read(row)))
  const compiled = {
    lookups,
    identities,
    matchesWhere: compileWhere(load, cell),
    readRow: compileRow(load, cell),
    keyIndex: Object.keys(load.fields).indexOf(keyField),
  }
  const flags = () => compileFlags(load, cell, lookupKey)
  // Once before anything is read, so that a missing column of a flag is found now.
  flags()
  return {
    load,
    file,
    updates,
    columns,
    identities,
    read: (ctx, rowsMax, isRejected) =>
      readBatches(ctx, file, rowsMax, { ...compiled, isRejected, seen: seenValues(), raise: flags() }),
  }
}

interface Compiled {
  readonly lookups: readonly Lookup[]
  readonly matchesWhere: (row: CsvRow) => boolean
  readonly readRow: ReturnType<typeof compileRow>
  readonly identities: Step['identities']
  readonly isRejected: IsRejected
  readonly keyIndex: number
  readonly seen: SeenValues
  readonly raise: RaiseFlags
}

async function* readBatches(
  ctx: Ctx,
  file: InspectedFile,
  rowsMax: number,
  compiled: Compiled,
): AsyncGenerator<ReadBatch> {
  let rowsDone = 0
  for await (const { rows, defects, bytes } of readCsv(file, { rowsMax, signal: ctx.signal })) {
    const matching = rows.filter(compiled.matchesWhere)
    const found = await findAll(ctx, matching, compiled)
    const rejected: RejectedRow[] = defects.map(({ line, cells, reason, value, expected }) => ({
      line,
      identities: compiled.identities({ line, cells }),
      problems: [{ reason, column: '', value, expected }],
    }))
    const accepted: AcceptedRow[] = []
    const flags = new Map<string, number>()
    for (const row of matching) {
      const read = readOnce(row, found, compiled)
      if ('problems' in read)
        rejected.push({ line: row.line, identities: compiled.identities(row), problems: read.problems })
      else {
        accepted.push({ row, values: read.values })
        for (const name of compiled.raise(row, read.values, found)) flags.set(name, (flags.get(name) ?? 0) + 1)
      }
    }
    rowsDone += rows.length + defects.length
    yield { accepted, rejected, flags, filteredOut: rows.length - matching.length, rowsDone, bytes }
  }
}

function readOnce(row: CsvRow, found: FoundByLookup, { readRow, isRejected, seen, keyIndex }: Compiled): ReadRow {
  const read = readRow(row, found, isRejected)
  if ('problems' in read) return read
  const key = String(read.values[keyIndex])
  if (!seen.seenBefore(key)) return read
  const expected = 'a key that is unique in the file'
  return { problems: [{ reason: 'repeated_key', column: 'key', value: key, expected }] }
}

async function findAll(ctx: Ctx, rows: readonly CsvRow[], { lookups }: Compiled): Promise<FoundByLookup> {
  const found = new Map<string, ReadonlyMap<string, Found>>()
  for (const { name, entity, by, key } of lookups) {
    found.set(name, await findBy(ctx, entity, by, [...new Set(rows.map(key))]))
  }
  return found
}

/** Adds a lookup of the customer if the mapping has none, so that rows of unknown customers are rejected. */
function withCustomerLookup(load: Load): Load {
  const source: FieldSource | undefined = load.fields['client_id']
  const isGiven = Object.values(load.lookups).some(({ entity }) => entity === 'customer')
  if (load.entity === 'customer' || source === undefined || 'from' in source || isGiven) return load
  return { ...load, lookups: { ...load.lookups, customer: { entity: 'customer', key: source } } }
}

function compileWhere({ where }: Load, cell: (column: string) => Cell): (row: CsvRow) => boolean {
  if (where === undefined) return () => true
  const read = cell(where.column)
  return 'is' in where
    ? (row) => where.is.includes(read(row).trim())
    : (row) => !where.is_not.includes(read(row).trim())
}
