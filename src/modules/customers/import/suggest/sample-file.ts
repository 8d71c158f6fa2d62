import { readCsv } from '../read-csv.ts'
import type { InspectedFile } from '../inspect-file.ts'

/** A file with the distinct values of its first rows, by column. */
export interface SampledFile {
  readonly file: InspectedFile
  valuesOf(column: string): readonly string[]
}

const ROWS_MAX = 2000

export async function sampleFile(file: InspectedFile, signal: AbortSignal): Promise<SampledFile> {
  const values = new Map<string, Set<string>>(file.columns.map((column) => [column, new Set<string>()]))
  const enough = new AbortController()
  const reading = { rowsMax: ROWS_MAX, signal: AbortSignal.any([signal, enough.signal]) }
  for await (const { rows } of readCsv(file, reading)) {
    for (const { cells } of rows) {
      for (const [index, cell] of cells.entries()) {
        if (cell.trim() !== '') values.get(file.columns[index] ?? '')?.add(cell.trim())
      }
    }
    break
  }
  enough.abort()
  return { file, valuesOf: (column) => [...(values.get(column) ?? [])] }
}
