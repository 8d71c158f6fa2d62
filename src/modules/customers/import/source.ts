import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
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

/** Finds CSV files: the given files and those directly in the given folders, sorted by name. */
export async function findSources(paths: readonly string[]): Promise<CsvSource[]> {
  const files = (await Promise.all(paths.map(csvFiles))).flat()
  if (files.length === 0) throw new Failure('invalid', `There is no .csv file in ${paths.join(', ')}.`)
  return files.map(fileSource)
}

async function csvFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new Failure('invalid', `${path} cannot be read: no such file or folder, or no permission.`, { cause })
  })
  if (!found.isDirectory()) return [path]
  const names = await readdir(path)
  return names
    .filter((name) => /\.csv$/i.test(name))
    .toSorted()
    .map((name) => join(path, name))
}

function fileSource(path: string): CsvSource {
  return { name: basename(path), open: (signal) => createReadStream(path, { signal, highWaterMark: 256 * 1024 }) }
}
