import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '#kernel/failure'
import { entities } from './entities.ts'
import type { Field } from './entities.ts'
import type { InspectedFile } from './inspect-file.ts'
import { parseMapping } from './parse-mapping.ts'
import type { FieldSource, Load, Mapping, ObjectSource } from './mapping.ts'

/** The loads of a mapping with the file each reads, in mapping order. */
export interface LoadedFiles {
  readonly loads: readonly LoadedFile[]
  readonly unused: readonly InspectedFile[]
}

export interface LoadedFile {
  readonly load: Load
  readonly file: InspectedFile
  /** What the load could read besides: columns that the file lacks, and fields of the entity without a source. */
  readonly readable: readonly string[]
}

/** Pairs loads with files by name. A load without a file is left out; throws if no load has one. */
export function filesOf(mapping: Mapping, files: readonly InspectedFile[]): LoadedFiles {
  const loads = mapping.loads.flatMap((load) => {
    const file = files.find(({ name }) => name.toLowerCase() === load.file.toLowerCase())
    return file === undefined
      ? []
      : [{ load: withGivenColumns(load, file), file, readable: readableBesides(load, file) }]
  })
  if (loads.length === 0) {
    const wanted = [...new Set(mapping.loads.map(({ file }) => file))].join(', ')
    const given = files.map(({ name }) => name).join(', ')
    throw new Failure('invalid', `The mapping ${mapping.name} needs ${wanted}; none of them is among ${given}.`)
  }
  return { loads, unused: files.filter((file) => !loads.some((load) => load.file === file)) }
}

/**
 * Chooses the built-in mapping that matches the files by name and columns, or else by name alone, so that a missing
 * column is reported. Throws `Failure('invalid')` if no file name matches.
 */
export function chooseMapping(files: readonly InspectedFile[]): Mapping {
  const mappings = builtInMappings()
  const [best] = mappings
    .map((mapping) => {
      const named = files.filter((file) => loadsOf(mapping, file).length > 0)
      return { mapping, named: named.length, fits: named.filter((file) => fitsFile(mapping, file)).length }
    })
    .toSorted((a, b) => b.fits - a.fits || b.named - a.named)
  if (best !== undefined && best.named > 0) return best.mapping
  const known = mappings.map(({ name, loads }) => `${name} (${[...new Set(loads.map(({ file }) => file))].join(', ')})`)
  const headers = files.map(({ name, columns }) => `  ${name}: ${columns.join(', ')}`)
  throw new Failure(
    'invalid',
    `No built-in mapping matches these files. Write one and pass it with --map. Known: ${known.join('; ')}. Given:\n${headers.join('\n')}`,
  )
}

function readableBesides(load: Load, { columns }: InspectedFile): string[] {
  const fields = Object.keys(entities[load.entity].fields).filter((name) => !Object.hasOwn(load.fields, name))
  return [...columnsOf(load).filter((column) => !columns.includes(column)), ...fields]
}

function loadsOf(mapping: Mapping, file: InspectedFile): Load[] {
  return mapping.loads.filter((load) => load.file.toLowerCase() === file.name.toLowerCase())
}

function fitsFile(mapping: Mapping, file: InspectedFile): boolean {
  return loadsOf(mapping, file).every((load) =>
    columnsOf(withGivenColumns(load, file)).every((column) => file.columns.includes(column)),
  )
}

/** For a load with `columns: given`: drops optional fields whose column is not in the file. */
function withGivenColumns(load: Load, file: InspectedFile): Load {
  if (load.columns === 'all') return load
  const { fields: known }: { fields: Readonly<Record<string, Field>> } = entities[load.entity]
  const fields = Object.entries(load.fields).flatMap(([name, source]) => {
    const given = givenSource(source, file)
    return known[name]?.required || columnsOfSource(given).every((column) => file.columns.includes(column))
      ? [[name, given] as const]
      : []
  })
  return { ...load, fields: Object.fromEntries(fields) }
}

/** Resolves a column with an alternative (`or`) to whichever of the two the file has. */
function givenSource(source: FieldSource, { columns }: InspectedFile): FieldSource {
  if (!('or' in source) || source.or === undefined) return source
  const { or, ...rest } = source
  if (!columns.includes(source.column)) return { ...rest, column: or }
  return columns.includes(or) ? source : rest
}

/** All columns a load reads for fields and keys. */
function columnsOf(load: Load): string[] {
  const sources = [...Object.values(load.fields), ...Object.values(load.lookups).map(({ key }) => key)]
  return sources.flatMap(columnsOfSource)
}

function columnsOfSource(source: FieldSource): string[] {
  if ('template' in source) return [...source.template.matchAll(/\{([^}]+)\}/g)].map(([, column = '']) => column)
  if ('from' in source) return []
  if ('object' in source) return Object.values(source.object).flatMap(columnsOfReading)
  const shifts = [source.plus, source.minus].flatMap((shift) => shift?.column ?? [])
  return 'column' in source ? [...columnsOfReading(source), ...shifts] : shifts
}

function columnsOfReading({ column, or }: ObjectSource[string]): string[] {
  return or === undefined ? [column] : [column, or]
}

const FOLDER = join(import.meta.dirname, 'mappings')

/** The built-in mappings, one per file in the folder. */
export function builtInMappings(): Mapping[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => parseMapping(readFileSync(join(FOLDER, name), 'utf8'), name))
}
