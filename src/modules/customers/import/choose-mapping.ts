import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '#kernel/failure'
import type { InspectedFile } from './inspect-file.ts'
import { parseMapping } from './mapping.ts'
import type { FieldSource, Load, Mapping } from './mapping.ts'

/** Which load reads which file, in the order of the mapping. */
export interface LoadedFiles {
  readonly loads: readonly { readonly load: Load; readonly file: InspectedFile }[]
  readonly unused: readonly InspectedFile[]
}

/** Pairs loads with files by name. A load without its file is left out; throws when none has one. */
export function filesOf(mapping: Mapping, files: readonly InspectedFile[]): LoadedFiles {
  const loads = mapping.loads.flatMap((load) => {
    const file = files.find(({ name }) => name.toLowerCase() === load.file.toLowerCase())
    return file === undefined ? [] : [{ load, file }]
  })
  if (loads.length === 0) {
    const wanted = [...new Set(mapping.loads.map(({ file }) => file))].join(', ')
    const given = files.map(({ name }) => name).join(', ')
    throw new Failure('invalid', `The mapping ${mapping.name} is for ${wanted}, none of which is among ${given}.`)
  }
  return { loads, unused: files.filter((file) => !loads.some((load) => load.file === file)) }
}

/** The shipped mapping whose files and columns these are. Throws `Failure('invalid')` when there is none. */
export function chooseMapping(files: readonly InspectedFile[]): Mapping {
  const mappings = shippedMappings()
  const chosen = mappings
    .map((mapping) => ({ mapping, fits: files.filter((file) => fitsFile(mapping, file)).length }))
    .toSorted((a, b) => b.fits - a.fits)[0]
  if (chosen !== undefined && chosen.fits > 0) return chosen.mapping
  const known = mappings.map(({ name, loads }) => `${name} (${[...new Set(loads.map(({ file }) => file))].join(', ')})`)
  const headers = files.map(({ name, columns }) => `  ${name}: ${columns.join(', ')}`)
  throw new Failure(
    'invalid',
    `No shipped mapping knows these files. Write one and pass it with --map. Known: ${known.join('; ')}. Given:\n${headers.join('\n')}`,
  )
}

function fitsFile(mapping: Mapping, file: InspectedFile): boolean {
  const loads = mapping.loads.filter((load) => load.file.toLowerCase() === file.name.toLowerCase())
  return loads.length > 0 && loads.every((load) => columnsOf(load).every((column) => file.columns.includes(column)))
}

/** Every column a load reads into fields or keys. */
function columnsOf(load: Load): string[] {
  const sources = [...Object.values(load.fields), ...Object.values(load.lookups).map(({ key }) => key)]
  return sources.flatMap(columnsOfSource)
}

function columnsOfSource(source: FieldSource): string[] {
  if ('column' in source) return [source.column]
  if ('object' in source) return Object.values(source.object)
  return 'template' in source ? [...source.template.matchAll(/\{([^}]+)\}/g)].map(([, column = '']) => column) : []
}

const FOLDER = join(import.meta.dirname, 'mappings')

function shippedMappings(): Mapping[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parseMapping(readFileSync(join(FOLDER, name), 'utf8'), name))
}
