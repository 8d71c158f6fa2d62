import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { builtInMappings } from './choose-mapping.ts'
import { importFiles } from './import-files.ts'
import type { ImportOptions } from './import-files.ts'
import { parseMapping } from './parse-mapping.ts'
import type { Mapping } from './mapping.ts'
import type { ImportReport } from './report.ts'
import { findSources, readMappingText } from './source.ts'

export interface ImportPathsOptions extends Omit<ImportOptions, 'mapping'> {
  /** A mapping file (YAML) or the name of a built-in mapping. Chosen by the files' headers if absent. */
  readonly mapping?: string
}

/** Imports the given CSV files and those in the given folders; see `importFiles`. */
export async function importPaths(
  ctx: Ctx,
  paths: readonly string[],
  { mapping: given, ...options }: ImportPathsOptions = {},
): Promise<ImportReport> {
  const mapping = given === undefined ? undefined : await namedMapping(given)
  return importFiles(ctx, await findSources(paths), { ...options, ...(mapping && { mapping }) })
}

/** Loads a built-in mapping by name, or a mapping from a file. Throws `Failure('invalid')` if it is neither. */
export async function namedMapping(name: string): Promise<Mapping> {
  const shipped = builtInMappings()
  const known = shipped.find((mapping) => mapping.name === name)
  if (known !== undefined) return known
  const text = await readMappingText(name).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error
    const names = shipped.map((mapping) => mapping.name).join(', ')
    throw new Failure('invalid', `The mapping ${error.message} Built-in mappings: ${names}.`, { cause: error })
  })
  return parseMapping(text, name)
}
