import { Transform } from 'node:stream'
import type { Readable } from 'node:stream'
import { parse } from 'csv-parse'
import type { CsvError, Parser } from 'csv-parse'
import type { CsvFormat } from './csv-format.ts'
import type { InspectedFile } from './inspect-file.ts'

/** A record of a file: its first line (the header is line 1) and its cells, as many as the header has. */
export interface CsvRow {
  readonly line: number
  readonly cells: readonly string[]
}

/** A malformed record: its line, the problem and what was expected. */
export interface CsvDefect {
  readonly line: number
  readonly reason: 'wrong_cell_count' | 'unclosed_quote' | 'record_too_large' | 'unreadable'
  readonly value: string
  readonly expected: string
  /** The cells that were read; none if the record ends nowhere. */
  readonly cells: readonly string[]
  /** True if nothing after this record could be read. */
  readonly isLast: boolean
}

export interface CsvBatch {
  readonly rows: readonly CsvRow[]
  readonly defects: readonly CsvDefect[]
  /** Bytes of the file's text consumed so far, in UTF-8. */
  readonly bytes: number
}

/** Longest record that is read, in bytes: a forgotten quote must not swallow a whole file into memory. */
export const RECORD_BYTES_MAX = 1024 * 1024

interface ParsedRecord {
  readonly record: readonly string[]
  readonly info: { readonly lines: number; readonly bytes: number }
}

/**
 * Reads a CSV file (RFC 4180: double quotes; LF or CRLF; a byte-order mark is ignored) in batches, in the format that
 * was recognised. Memory is bounded by the batch and the longest record. A record with the wrong number of cells is a defect, and reading
 * continues; an unclosed quote or overlong record makes the rest of the file unreadable, so it is the last.
 */
export async function* readCsv(
  { source, format }: InspectedFile,
  { rowsMax, signal }: { readonly rowsMax: number; readonly signal: AbortSignal },
): AsyncGenerator<CsvBatch> {
  const { records, failure } = openRecords(source.open(signal), format)
  let rows: CsvRow[] = []
  let defects: CsvDefect[] = []
  let cellCount: number | undefined
  let lastLine = format.headerLine - 1
  let bytes = 0
  for await (const { record, info } of records) {
    if (info.lines >= lineOf(failure())) break
    const line = lastLine + 1
    lastLine = info.lines
    bytes = info.bytes
    if (cellCount === undefined) cellCount = record.length
    else if (record.length === cellCount) rows.push({ line, cells: record })
    else if (record.length > 1 || record[0] !== '') defects.push(wrongCellCount(line, record, cellCount))
    if (rows.length + defects.length >= rowsMax) {
      yield { rows, defects, bytes }
      rows = []
      defects = []
    }
  }
  const failed = failure()
  if (failed !== undefined) defects.push(unreadable(failed, lastLine + 1))
  if (rows.length + defects.length > 0) yield { rows, defects, bytes }
}

function lineOf(failure: CsvError | undefined): number {
  return failure === undefined ? Infinity : Number(failure['lines'])
}

interface OpenRecords {
  readonly records: AsyncIterable<ParsedRecord>
  /** The fatal error, once met. Records from its line on are fragments. */
  readonly failure: () => CsvError | undefined
}

function openRecords(file: Readable, { encoding, delimiter, headerLine }: CsvFormat): OpenRecords {
  let failure: CsvError | undefined
  const parser: Parser = parse({
    bom: true,
    info: true,
    delimiter,
    from_line: headerLine,
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: RECORD_BYTES_MAX,
    // With this option the rows before the error are delivered; a stream error would discard buffered ones.
    skip_records_with_error: true,
  })
  const text = encoding === 'utf-8' ? file : file.pipe(decoding(encoding))
  parser.on('skip', (error: CsvError) => {
    failure ??= error
    text.unpipe(parser)
    parser.end()
  })
  file.on('error', (error) => parser.destroy(error))
  return { records: text.pipe(parser), failure: () => failure }
}

/** Decodes bytes of an encoding that the parser does not know. Their inspection has shown that it is theirs. */
function decoding(encoding: CsvFormat['encoding']): Transform {
  const decoder = new TextDecoder(encoding)
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, decoder.decode(chunk, { stream: true })),
    flush: (done) => done(null, decoder.decode()),
  })
}

function wrongCellCount(line: number, record: readonly string[], expected: number): CsvDefect {
  return {
    line,
    reason: 'wrong_cell_count',
    value: record.join(','),
    cells: record,
    expected: `${expected} cells, as in the header, not ${record.length}`,
    isLast: false,
  }
}

function unreadable(error: CsvError, line: number): CsvDefect {
  const known: Partial<Record<string, Pick<CsvDefect, 'reason' | 'expected'>>> = {
    CSV_QUOTE_NOT_CLOSED: {
      reason: 'unclosed_quote',
      expected: 'a closing double quote; the rest of the file was not read',
    },
    CSV_MAX_RECORD_SIZE: {
      reason: 'record_too_large',
      expected: `a record of at most ${RECORD_BYTES_MAX} bytes (is a quote left open?); the rest of the file was not read`,
    },
  }
  const found = known[error.code] ?? {
    reason: 'unreadable',
    expected: `${error.message}; the rest of the file was not read`,
  }
  return { line, value: '', cells: [], isLast: true, ...found }
}
