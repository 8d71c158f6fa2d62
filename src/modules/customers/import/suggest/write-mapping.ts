import { stringify } from 'yaml'
import { formatInWords } from '../csv-format.ts'
import { entities } from '../entities.ts'
import type { Entity } from '../entities.ts'
import { NUMBER_KINDS } from '../read-value.ts'
import type { SuggestedField } from './guess-field.ts'
import type { SuggestedLoad } from './suggest-load.ts'

/** Writes suggested loads as a mapping file, with comments for whoever reviews it. */
export function writeMapping(name: string, loads: readonly SuggestedLoad[], unknown: readonly string[]): string {
  return [
    '# Suggested from the headers and first rows of the files. Review it, then import with --map and --dry-run.',
    `name: ${name}`,
    `describe: ${name}, suggested from its files.`,
    'loads:',
    ...loads.flatMap(loadLines),
    ...unknown.map((file) => `  # ${file}: what it holds was not recognised.`),
    '',
  ].join('\n')
}

function loadLines({ sampled, entity, lookup, where, fields, missing, unusedColumns }: SuggestedLoad): string[] {
  const formats = commonFormats(entity, fields)
  const width = Math.max(...fields.map((field) => field.name.length))
  return [
    `  # ${formatInWords(sampled.file.format)}`,
    `  - file: ${inline(sampled.file.name)}`,
    `    entity: ${entity}`,
    ...(where === undefined ? [] : [`    where: ${inline(where)}`]),
    ...(lookup === undefined
      ? []
      : [`    lookups: { ${lookup.name}: ${inline({ entity: lookup.entity, by: lookup.by, key: lookup.key })} }`]),
    ...(Object.keys(formats).length === 0 ? [] : [`    formats: ${inline(formats)}`]),
    '    fields:',
    ...missing.map((field) => `      # ${field}: required, and no column was recognised; name one, or { constant: … }`),
    ...fields.map(({ name, source, note }) => {
      const written = inline(withoutFormat(source, Object.values(formats)))
      return `      ${`${name}:`.padEnd(width + 1)} ${written}${note === undefined ? '' : `   # ${note}`}`
    }),
    ...(unusedColumns.length === 0 ? [] : [`    # Columns not used: ${unusedColumns.join(', ')}`]),
    '',
  ]
}

/** The formats that all fields of their kinds share, which are stated once. */
function commonFormats(entity: SuggestedLoad['entity'], fields: readonly SuggestedField[]): Record<string, string> {
  const { fields: known }: Entity = entities[entity]
  const groups: Readonly<Record<string, readonly string[]>> = {
    date: ['date'],
    time: ['timestamp'],
    number: NUMBER_KINDS,
  }
  const common = Object.entries(groups).flatMap(([group, kinds]): [string, string][] => {
    const ofGroup = fields.filter(({ name }) => kinds.includes(known[name]?.kind ?? ''))
    const [format, ...others] = new Set(ofGroup.map(({ source }) => formatOf(source)))
    return format === undefined || others.length > 0 || format.includes('%') ? [] : [[group, format]]
  })
  return Object.fromEntries(common)
}

function formatOf(source: SuggestedField['source']): string | undefined {
  return typeof source === 'object' && typeof source['format'] === 'string' ? source['format'] : undefined
}

function withoutFormat(source: SuggestedField['source'], stated: readonly string[]): SuggestedField['source'] {
  if (typeof source === 'string' || !stated.includes(formatOf(source) ?? '')) return source
  return String(source['column'])
}

/** YAML of one line. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 })
    .trim()
    .replace(/\s*\n\s*/g, ' ')
}
