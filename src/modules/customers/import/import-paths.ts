import { readFile } from 'node:fs/promises'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { importFiles } from './import-files.ts'
import type { ImportOptions } from './import-files.ts'
import { parseMapping } from './mapping.ts'
import type { ImportReport } from './report.ts'
import { findSources } from './source.ts'

export interface ImportPathsOptions extends Omit<ImportOptions, 'mapping'> {
  /** A mapping file (YAML). Absent: a shipped one is chosen by the headers. */
  readonly mappingFile?: string
}

/** Imports the CSV files of the given files and folders; see `importFiles` for what it promises. */
export async function importPaths(
  ctx: Ctx,
  paths: readonly string[],
  { mappingFile, ...options }: ImportPathsOptions = {},
): Promise<ImportReport> {
  const mapping = mappingFile === undefined ? undefined : await readMapping(mappingFile)
  return importFiles(ctx, await findSources(paths), { ...options, ...(mapping && { mapping }) })
}

async function readMapping(file: string) {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure('invalid', `The mapping ${file} cannot be read: no such file, or no permission.`, { cause })
  })
  return parseMapping(text, file)
}
