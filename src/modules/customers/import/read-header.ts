import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { Failure } from '#kernel/failure'
import { DELIMITERS } from './csv-format.ts'
import type { CsvFormat, Delimiter } from './csv-format.ts'

/**
 * Reads the beginning of a file's text: its delimiter is the one that splits the header into the most columns. Throws
 * `Failure('invalid')` for a file without a header.
 */
export function readHeader(
  name: string,
  head: string,
): Pick<CsvFormat, 'delimiter' | 'headerLine'> & { readonly columns: readonly string[] } {
  const stated = /^sep=([,;\t|])\r?\n/i.exec(head)?.[1]
  const headerLine = stated === undefined ? 1 : 2
  const candidates = DELIMITERS.filter((delimiter) => stated === undefined || delimiter === stated)
  const [best] = candidates
    .map((delimiter) => ({ delimiter, columns: splitHeader(name, head, delimiter, headerLine) }))
    .toSorted((a, b) => b.columns.length - a.columns.length)
  if (best === undefined || best.columns.every((column) => column === '')) {
    throw new Failure('invalid', `${name} has no header: its line ${headerLine} is empty.`)
  }
  return { ...best, headerLine }
}

function splitHeader(name: string, head: string, delimiter: Delimiter, headerLine: number): string[] {
  const options = { delimiter, from_line: headerLine, to: 1, relax_column_count: true, relax_quotes: true }
  try {
    const [header = []] = parse(head, options)
    return header.map((column) => column.trim())
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new Failure('invalid', `The header of ${name} cannot be read: ${error.message}.`, { cause: error })
  }
}
