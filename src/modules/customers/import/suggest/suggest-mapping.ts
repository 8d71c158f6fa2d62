import path from 'node:path'
import { Failure } from '#kernel/failure'
import { ENTITY_NAMES } from '../entities.ts'
import { inspectFile } from '../inspect-file.ts'
import { findSources } from '../source.ts'
import { sampleFile } from './sample-file.ts'
import type { SampledFile } from './sample-file.ts'
import { isNamedLike, suggestLoad } from './suggest-load.ts'
import type { SuggestedLoad } from './suggest-load.ts'
import { writeMapping } from './write-mapping.ts'

/**
 * Suggests a mapping for CSV files, as the text of a mapping file with comments. It is a proposal to be reviewed: a
 * field that was not recognised is named, and nothing is invented for it.
 */
export async function suggestMapping(paths: readonly string[], signal: AbortSignal): Promise<string> {
  const sampled: SampledFile[] = []
  for (const source of await findSources(paths))
    sampled.push(await sampleFile(await inspectFile(source, signal), signal))
  const hasContacts = sampled.some(({ file }) => isNamedLike(file.name, 'contact'))
  const suggested = sampled.map((each) => ({ file: each.file.name, load: suggestLoad(each, hasContacts) }))
  const loads = suggested.flatMap(({ load }) => load ?? [])
  if (loads.length === 0) {
    const headers = sampled.map(({ file }) => `  ${file.name}: ${file.columns.join(', ')}`).join('\n')
    throw new Failure('invalid', `What these files hold was not recognised; write a mapping by hand.\n${headers}`)
  }
  // What others refer to comes first.
  const rank = ({ entity }: SuggestedLoad) => ENTITY_NAMES.indexOf(entity)
  const unknown = suggested.flatMap(({ file, load }) => (load === undefined ? [file] : []))
  return writeMapping(
    nameOf(paths[0] ?? ''),
    loads.toSorted((a, b) => rank(a) - rank(b)),
    unknown,
  )
}

/** A mapping's name from that of a folder or file. */
function nameOf(given: string): string {
  const name = path
    .basename(path.resolve(given), '.csv')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
  return name === '' ? 'my_files' : name
}
