import { readFile } from 'node:fs/promises'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { shippedMappings } from './choose-mapping.ts'
import { importFiles } from './import-files.ts'
import type { ImportOptions } from './import-files.ts'
import { parseMapping } from './mapping.ts'
import type { Mapping } from './mapping.ts'
import type { ImportReport } from './report.ts'
import { findSources } from './source.ts'

export interface ImportPathsOptions extends Omit<ImportOptions, 'mapping'> {
  /** A mapping file (YAML), or the name of a shipped mapping. Absent: a shipped one is chosen by the headers. */
  readonly mapping?: string
}

/** Imports the CSV files of the given files and folders; see `importFiles` for what it promises. */
export async function importPaths(
  ctx: Ctx,
  paths: readonly string[],
  { mapping: given, ...options }: ImportPathsOptions = {},
): Promise<ImportReport> {
  const mapping = given === undefined ? undefined : await namedMapping(given)
  return importFiles(ctx, await findSources(paths), { ...options, ...(mapping && { mapping }) })
}

/** The mapping of this name, or the one in this file. Throws `Failure('invalid')` when it is neither. */
export async function namedMapping(name: string): Promise<Mapping> {
  const shipped = shippedMappings()
  const known = shipped.find((mapping) => mapping.name === name)
  if (known !== undefined) return known
  const text = await readFile(name, 'utf8').catch((cause: unknown) => {
    const names = shipped.map((mapping) => mapping.name).join(', ')
    const message = `The mapping ${name} cannot be read: no such file, or no permission. Shipped mappings: ${names}.`
    throw new Failure('invalid', message, { cause })
  })
  return parseMapping(text, name)
}
