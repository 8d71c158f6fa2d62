import { formatInWords } from './csv-format.ts'
import type { CsvFormat } from './csv-format.ts'
import type { Checkpoint } from './store.ts'
import type { Step } from './import-step.ts'
import type { StepTally } from './tally.ts'
import type { UnusedColumn } from './unused-columns.ts'

/** Something wrong with a rejected row. `line` is where it begins in the file; the header is line 1. */
export interface Rejection {
  readonly file: string
  readonly entity: string
  readonly line: number
  readonly column: string
  readonly value: string
  readonly reason: string
  readonly expected: string
}

/**
 * The counts of one file and entity. `read` = `inserted` + `updated` + `alreadyStored` + `filteredOut` + `rejected` +
 * `rejectedWithParent`.
 * Rows inserted before an interruption are included.
 */
export interface StepReport {
  readonly file: string
  readonly entity: string
  readonly read: number
  readonly inserted: number
  readonly updated: number
  /** Rows that are stored as the file has them; of an entity that is never updated, all that are stored. */
  readonly alreadyStored: number
  /** Whether stored rows that differ from the file are updated. */
  readonly isUpdating: boolean
  /** Rows excluded by the mapping's `where`. */
  readonly filteredOut: number
  readonly rejected: number
  /** Rows that have no fault of their own, but belong to a row that was rejected. */
  readonly rejectedWithParent: number
  /** The problems of rejected rows per reason; a row may have several. */
  readonly rejections: Readonly<Record<string, number>>
  /** Accepted rows per flag. */
  readonly flags: Readonly<Record<string, { readonly count: number; readonly describe: string }>>
  /** The number of rows an interrupted run had processed. */
  readonly resumedAfterRows: number
}

export interface ImportReport {
  readonly mapping: string
  readonly dryRun: boolean
  readonly steps: readonly StepReport[]
  /** The files that were read, each with the format that was recognised and the columns that no load reads. */
  readonly files: readonly ReadFile[]
  /** Given files that no load of the mapping reads. */
  readonly unusedFiles: readonly string[]
}

export interface ReadFile {
  readonly name: string
  readonly format: CsvFormat
  readonly unusedColumns: readonly UnusedColumn[]
}

export function stepReport(step: Step, tally: StepTally, done: Checkpoint, resumed: Checkpoint): StepReport {
  const flags = step.load.flags.map(
    ({ name, describe }) => [name, { count: tally.flags.get(name) ?? 0, describe }] as const,
  )
  return {
    file: step.file.name,
    entity: step.load.entity,
    read: tally.read,
    inserted: done.rows_inserted,
    updated: done.rows_updated,
    alreadyStored: tally.accepted - done.rows_inserted - done.rows_updated,
    isUpdating: step.updates.length > 0,
    filteredOut: tally.filteredOut,
    rejected: tally.rejected,
    rejectedWithParent: tally.rejectedWithParent,
    rejections: Object.fromEntries(tally.rejections),
    flags: Object.fromEntries(flags),
    resumedAfterRows: resumed.rows_done,
  }
}

export function rejectedCount({ rejected, rejectedWithParent }: StepReport): number {
  return rejected + rejectedWithParent
}

/** The report as lines of text for a terminal. */
export function reportLines(report: ImportReport): string[] {
  const head = `${report.dryRun ? 'Dry run with' : 'Imported with'} the mapping ${report.mapping}${report.dryRun ? '; nothing was stored' : ''}.`
  const unused = report.unusedFiles.map((file) => `${file}: not used by this mapping`)
  return [head, ...report.files.flatMap(fileLines), ...report.steps.flatMap(stepLines), ...unused]
}

/** Names the format of a file where it is not the usual one, and the columns that are not used. */
function fileLines({ name, format, unusedColumns }: ReadFile): string[] {
  const isUsual = format.encoding === 'utf-8' && format.delimiter === ','
  const unknown = unusedColumns.flatMap(({ column, meant }) => (meant === undefined ? [column] : []))
  const misspelt = unusedColumns.flatMap(({ column, meant }) =>
    meant === undefined ? [] : [`the column "${column}" is not used. Did you mean "${meant}"?`],
  )
  return [
    ...(isUsual ? [] : [`read as ${formatInWords(format)}`]),
    ...misspelt,
    ...(unknown.length === 0 ? [] : [`columns not used: ${unknown.join(', ')}`]),
  ].map((line) => `  ${name}: ${line}`)
}

function stepLines(step: StepReport): string[] {
  const parts = [
    `${number(step.read)} read`,
    `${number(step.inserted)} new`,
    ...(step.isUpdating
      ? [`${number(step.updated)} changed`, `${number(step.alreadyStored)} unchanged`]
      : [`${number(step.alreadyStored)} already stored`]),
    ...(step.filteredOut > 0 ? [`${number(step.filteredOut)} filtered out`] : []),
    `${number(step.rejected)} rejected`,
    ...(step.rejectedWithParent > 0 ? [`${number(step.rejectedWithParent)} rejected with the row they belong to`] : []),
  ]
  const resumed = step.resumedAfterRows > 0 ? ` (resumed after row ${number(step.resumedAfterRows)})` : ''
  const rejections = Object.entries(step.rejections).map(
    ([reason, count]) => `    rejected, ${reason}: ${number(count)}`,
  )
  const flags = Object.entries(step.flags).map(
    ([name, flag]) => `    noted, ${name}: ${number(flag.count)} – ${flag.describe}`,
  )
  return [`  ${step.file} → ${step.entity}: ${parts.join(', ')}${resumed}`, ...rejections, ...flags]
}

const number = (value: number) => value.toLocaleString('en-US')

const VALUE_LENGTH_MAX = 80

/** A line of the rejections file, as CSV. */
export function rejectionLine({ file, line, column, value, entity, reason, expected }: Rejection): string {
  const shown = value.length > VALUE_LENGTH_MAX ? `${value.slice(0, VALUE_LENGTH_MAX)}…` : value
  return [file, String(line), column, shown, entity, reason, expected].map(csvCell).join(',')
}

export const REJECTION_HEADER = 'file,line,column,value,entity,reason,expected'

/** Quotes a cell where needed and neutralises text that a spreadsheet would run as a formula. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
