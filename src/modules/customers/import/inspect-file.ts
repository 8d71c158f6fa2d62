import { createHash } from 'node:crypto'
import { parse } from 'csv-parse/sync'
import { Failure } from '#kernel/failure'
import type { CsvSource } from './source.ts'

/** An inspected, readable file: its header, its size and the hash of its content. */
export interface InspectedFile {
  readonly source: CsvSource
  readonly name: string
  readonly columns: readonly string[]
  readonly bytes: number
  readonly sha256: string
}

const HEADER_BYTES_MAX = 64 * 1024
const LINE_FEED = 0x0a

/**
 * Reads a file completely before anything of it is loaded. Throws `Failure('invalid')` with a message for the file's
 * author: empty, not UTF-8 (with the line), no header, or a duplicate column.
 */
export async function inspectFile(source: CsvSource, signal: AbortSignal): Promise<InspectedFile> {
  const { name } = source
  const hash = createHash('sha256')
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const head: Buffer[] = []
  let bytes = 0
  let lines = 1
  for await (const chunk of openBytes(source, signal)) {
    if (bytes === 0) refuseOtherEncodings(name, chunk)
    if (bytes < HEADER_BYTES_MAX) head.push(chunk)
    hash.update(chunk)
    decode(decoder, chunk, () => notUtf8(name, lines + lineOfFirstBadByte(chunk)))
    lines += countLineFeeds(chunk)
    bytes += chunk.length
  }
  decode(decoder, undefined, () => notUtf8(name, lines))
  if (bytes === 0) throw new Failure('invalid', `${name} is empty: expected a header line and rows under it.`)
  return { source, name, bytes, sha256: hash.digest('hex'), columns: readHeader(name, Buffer.concat(head)) }
}

function openBytes(source: CsvSource, signal: AbortSignal): AsyncIterable<Buffer> {
  return source.open(signal)
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Buffer | undefined, failure: () => Failure): void {
  try {
    if (chunk === undefined) decoder.decode()
    else decoder.decode(chunk, { stream: true })
  } catch {
    // safe because: a fatal decoder throws only for bytes that are not UTF-8.
    throw failure()
  }
}

function refuseOtherEncodings(name: string, chunk: Buffer): void {
  const mark = chunk.subarray(0, 2).toString('hex')
  if (mark === 'fffe' || mark === 'feff')
    throw new Failure('invalid', `${name} is UTF-16. Save it as UTF-8 and try again.`)
  if (mark === '504b') throw new Failure('invalid', `${name} is a spreadsheet or zip file. Export it as CSV in UTF-8.`)
  if (mark === '1f8b') throw new Failure('invalid', `${name} is compressed. Unpack it with gunzip and try again.`)
}

function notUtf8(name: string, line: number): Failure {
  const hint = `iconv -f WINDOWS-1252 -t UTF-8 ${name}`
  return new Failure(
    'invalid',
    `${name} is not UTF-8 (line ${line}). If it is Windows-1252 or Latin-1, convert it: ${hint}`,
  )
}

/** Counts the lines before the first byte that is not UTF-8, by bisecting the one invalid chunk. */
function lineOfFirstBadByte(chunk: Buffer): number {
  let good = 0
  let bad = chunk.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(chunk.subarray(0, middle), { stream: true })
      good = middle
    } catch {
      // safe because: a decoding error is what the bisection looks for.
      bad = middle
    }
  }
  return countLineFeeds(chunk.subarray(0, good))
}

function countLineFeeds(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count++
  return count
}

function readHeader(name: string, head: Buffer): string[] {
  const [header = []] = parse(head, { bom: true, to: 1, relax_column_count: true, relax_quotes: true })
  const columns = header.map((column) => column.trim())
  if (columns.every((column) => column === '')) {
    throw new Failure('invalid', `${name} has no header: its first line is empty.`)
  }
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index)
  if (repeated !== undefined) throw new Failure('invalid', `${name} has two columns named "${repeated}".`)
  return columns
}
