import { createHash } from 'node:crypto'
import { Failure } from '#kernel/failure'
import { markedEncoding } from './csv-format.ts'
import type { CsvFormat, Encoding } from './csv-format.ts'
import { readHeader } from './read-header.ts'
import { FILE_BYTES_MAX, tooLarge } from './source.ts'
import type { CsvSource } from './source.ts'

/** An inspected, readable file: its format, its header, its size and the hash of its content. */
export interface InspectedFile {
  readonly source: CsvSource
  readonly name: string
  readonly format: CsvFormat
  readonly columns: readonly string[]
  /** The size of its text in UTF-8. */
  readonly bytes: number
  readonly sha256: string
}

const HEADER_CHARACTERS_MAX = 64 * 1024

/**
 * Reads a file completely before anything of it is loaded, and recognises its encoding and delimiter. Throws
 * `Failure('invalid')` with a message for the file's author: empty, too large, no text, or no header.
 */
export async function inspectFile(source: CsvSource, signal: AbortSignal): Promise<InspectedFile> {
  const { name } = source
  const hash = createHash('sha256')
  let text: TextReader | undefined
  let head = ''
  let bytesRead = 0
  let bytes = 0
  for await (const chunk of openBytes(source, signal)) {
    text ??= startReading(name, chunk)
    hash.update(chunk)
    bytesRead += chunk.length
    if (bytesRead > FILE_BYTES_MAX) throw tooLarge(name)
    const read = text.read(chunk)
    bytes += Buffer.byteLength(read)
    if (head.length < HEADER_CHARACTERS_MAX) head += read
  }
  if (text === undefined) throw new Failure('invalid', `${name} is empty: expected a header line and rows under it.`)
  text.end()
  const { columns, ...format } = readHeader(name, head)
  return {
    source,
    name,
    columns,
    bytes,
    sha256: hash.digest('hex'),
    format: { ...format, encoding: text.encoding() },
  }
}

function openBytes(source: CsvSource, signal: AbortSignal): AsyncIterable<Buffer> {
  return source.open(signal)
}

/** Decodes a file chunk by chunk, and knows its encoding when the last was read. */
interface TextReader {
  read(chunk: Buffer): string
  end(): void
  encoding(): Encoding
}

function startReading(name: string, chunk: Buffer): TextReader {
  const start = chunk.subarray(0, 2).toString('latin1')
  if (start === 'PK') throw new Failure('invalid', `${name} is a spreadsheet or zip file. Export it as CSV.`)
  if (start === '\u001f\u008b')
    throw new Failure('invalid', `${name} is compressed. Unpack it with gunzip and try again.`)
  const marked = markedEncoding(chunk)
  if (marked !== undefined) return readUtf16(name, marked)
  if (chunk.includes(0))
    throw new Failure('invalid', `${name} is not text: it has zero bytes. Export it as CSV in UTF-8.`)
  return readUtf8OrWindows1252(name)
}

function readUtf16(name: string, encoding: Encoding): TextReader {
  const decoder = new TextDecoder(encoding, { fatal: true })
  const decode = (chunk: Buffer | undefined) => {
    const text = decodeOrNothing(decoder, chunk)
    if (text === undefined) throw new Failure('invalid', `${name} begins as UTF-16, and is not. Export it again.`)
    return text
  }
  return { read: decode, end: () => void decode(undefined), encoding: () => encoding }
}

/** Reads UTF-8, or Windows-1252 if a byte is not UTF-8; a file that mixes the two is refused. */
function readUtf8OrWindows1252(name: string): TextReader {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const windows = new TextDecoder('windows-1252')
  let isUtf8 = true
  let isAscii = true
  let lines = 1
  const mixed = (line: number) =>
    new Failure('invalid', `${name} is UTF-8 above line ${line} and not UTF-8 in it. Save it in one encoding.`)
  return {
    read(chunk) {
      if (!isUtf8) return windows.decode(chunk)
      const text = decodeOrNothing(utf8, chunk)
      if (text === undefined) {
        const before = chunk.subarray(0, firstBadByte(chunk))
        if (!isAscii || !isAsciiOnly(before.toString('latin1'))) throw mixed(lines + countLineFeeds(before))
        isUtf8 = false
        return windows.decode(chunk)
      }
      isAscii &&= isAsciiOnly(text)
      lines += countLineFeeds(chunk)
      return text
    },
    end() {
      if (!isUtf8 || decodeOrNothing(utf8, undefined) !== undefined) return
      if (!isAscii) throw mixed(lines)
      isUtf8 = false
    },
    encoding: () => (isUtf8 ? 'utf-8' : 'windows-1252'),
  }
}

function decodeOrNothing(decoder: InstanceType<typeof TextDecoder>, chunk: Buffer | undefined): string | undefined {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch {
    // safe because: a fatal decoder throws only for bytes that are not of its encoding.
    return undefined
  }
}

function isAsciiOnly(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

/** Finds the first byte that is not UTF-8 in a chunk that has one, by bisection. */
function firstBadByte(chunk: Buffer): number {
  const decode = (length: number) =>
    decodeOrNothing(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), chunk.subarray(0, length))
  let good = 0
  let bad = chunk.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decode(middle) === undefined) bad = middle
    else good = middle
  }
  // An unfinished sequence is not decoded: what is wrong begins with its first byte.
  return Buffer.byteLength(decode(good) ?? '')
}

const LINE_FEED = 0x0a

function countLineFeeds(chunk: Buffer): number {
  let count = 0
  for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, at + 1)) count++
  return count
}
