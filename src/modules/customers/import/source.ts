import { createReadStream } from 'node:fs'
import type { Stats } from 'node:fs'
import { readFile, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { Failure } from '#kernel/failure'

/** The content of a CSV file that can be read repeatedly: from disk or generated. */
export interface CsvSource {
  readonly name: string
  /** The bytes from the beginning, in chunks. Ends with an error when the signal aborts. */
  open(signal: AbortSignal): Readable
}

/** A source of generated lines. They are generated at the first reading and kept for the second. */
export function generatedSource(name: string, lines: () => Iterable<string>): CsvSource {
  let made: readonly Buffer[] | undefined
  return {
    name,
    open: (signal) => {
      made ??= [...chunks(lines())]
      return Readable.from(made, { signal, objectMode: false })
    },
  }
}

const CHUNK_CHARACTERS = 64 * 1024

function* chunks(lines: Iterable<string>): Generator<Buffer> {
  let text = ''
  for (const line of lines) {
    text += `${line}\n`
    if (text.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(text)
    text = ''
  }
  if (text !== '') yield Buffer.from(text)
}

/** The largest CSV file that is read. */
export const FILE_BYTES_MAX = 4 * 1024 ** 3

export const tooLarge = (name: string) =>
  new Failure('invalid', `${name} has more than 4 GiB. Split it into files of fewer rows.`)

/** Finds CSV files: the given files and those directly in the given folders, sorted by name. */
export async function findSources(paths: readonly string[]): Promise<CsvSource[]> {
  const files = (await Promise.all(paths.map(csvFiles))).flat()
  if (files.length === 0) throw new Failure('invalid', `There is no .csv file in ${paths.join(', ')}.`)
  for (const file of files) {
    const { size } = requireRegularFile(file, await statOf(file))
    if (size > FILE_BYTES_MAX) throw tooLarge(basename(file))
  }
  return files.map(fileSource)
}

async function csvFiles(path: string): Promise<string[]> {
  if (!(await statOf(path)).isDirectory()) return [path]
  const names = await readdir(path)
  return names
    .filter((name) => /\.csv$/i.test(name))
    .toSorted()
    .map((name) => join(path, name))
}

async function statOf(path: string): Promise<Stats> {
  return stat(path).catch((cause: unknown) => {
    throw new Failure('invalid', `${path} cannot be read: no such file or folder, or no permission.`, { cause })
  })
}

/** Refuses devices and pipes, which may never end and are read once; an import reads a file twice. */
function requireRegularFile(path: string, found: Stats): Stats {
  if (found.isFile()) return found
  throw new Failure('invalid', `${path} is not a regular file. Save what it holds as a .csv file and import that.`)
}

function fileSource(path: string): CsvSource {
  return { name: basename(path), open: (signal) => createReadStream(path, { signal, highWaterMark: 256 * 1024 }) }
}

const MAPPING_BYTES_MAX = 1024 * 1024

/** Reads a mapping file. Throws `Failure('invalid')` if there is none, it is no regular file or it is too large. */
export async function readMappingText(path: string): Promise<string> {
  const { size } = requireRegularFile(path, await statOf(path))
  if (size > MAPPING_BYTES_MAX) throw new Failure('invalid', `${path} has more than 1 MiB and is not a mapping.`)
  return readFile(path, 'utf8')
}
