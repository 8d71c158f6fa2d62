import { ENTITY_NAMES, entities } from '../entities.ts'
import type { Entity, EntityName } from '../entities.ts'
import { bare, meantName } from '../unused-columns.ts'
import { guessField } from './guess-field.ts'
import type { SuggestedField } from './guess-field.ts'
import { ACCOUNT_NAME, KNOWN_HEADERS, PERSON_EMAIL } from './known-headers.ts'
import type { SampledFile } from './sample-file.ts'

/** A load that was recognised from a file's name, headers and values. */
export interface SuggestedLoad {
  readonly sampled: SampledFile
  readonly entity: EntityName
  readonly lookup?: { readonly name: string; readonly entity: EntityName; readonly by: string; readonly key: string }
  readonly where?: { readonly column: string; readonly is: string }
  readonly fields: readonly SuggestedField[]
  /** Required fields for which no column was recognised. */
  readonly missing: readonly string[]
  readonly unusedColumns: readonly string[]
}

/** Suggests a load for a file; undefined if neither its name nor its headers are known. */
export function suggestLoad(sampled: SampledFile, hasContacts: boolean): SuggestedLoad | undefined {
  const [best] = ENTITY_NAMES.map((entity) => loadOf(sampled, entity, hasContacts)).toSorted(
    (a, b) => scoreOf(b) - scoreOf(a),
  )
  return best === undefined || scoreOf(best) < SCORE_MIN ? undefined : best
}

const SCORE_MIN = 3
const NAME_SCORE = 6

/** A recognised file name counts as much as six fields; a required field that is missing takes two away. */
function scoreOf({ sampled, entity, fields, missing }: SuggestedLoad): number {
  return (isNamedLike(sampled.file.name, entity) ? NAME_SCORE : 0) + fields.length - 2 * missing.length
}

export function isNamedLike(file: string, entity: EntityName): boolean {
  return KNOWN_HEADERS[entity].files.some((part) => file.toLowerCase().includes(part))
}

function loadOf(sampled: SampledFile, entity: EntityName, hasContacts: boolean): SuggestedLoad {
  const { fields: known }: Entity = entities[entity]
  const taken = new Set<string>()
  const fields: SuggestedField[] = []
  for (const [name, field] of Object.entries(known)) {
    const headers = KNOWN_HEADERS[entity].fields[name] ?? []
    // Both names of a customer are often the same column.
    const columns = sampled.file.columns.filter((column) => !taken.has(column) || name === 'company_name')
    for (const column of columnsLike(headers, columns)) {
      const guess = guessField(entity, name, field, column, sampled.valuesOf(column))
      if (guess === undefined) continue
      fields.push(guess)
      taken.add(column)
      break
    }
  }
  if (known['name'] !== undefined) preferFullName(sampled.file.columns, fields, taken)
  const lookup = lookupOf(sampled, entity, fields, hasContacts)
  if (lookup !== undefined) {
    taken.add(lookup.key)
    fields.unshift({ name: 'client_id', source: { from: lookup.name, field: 'client_id' } })
  }
  const where = whereOf(sampled, entity)
  if (where !== undefined) taken.add(where.column)
  const isMissing = (name: string) => known[name]?.required === true && !fields.some((each) => each.name === name)
  return {
    sampled,
    entity,
    ...(lookup && { lookup }),
    ...(where && { where }),
    fields,
    missing: Object.keys(known).filter(isMissing),
    unusedColumns: sampled.file.columns.filter((column) => column !== '' && !taken.has(column)),
  }
}

/** Joins a first and a last name in columns of their own. */
function preferFullName(columns: readonly string[], fields: SuggestedField[], taken: Set<string>): void {
  const [first, last] = [columnsLike(['first name'], columns)[0], columnsLike(['last name', 'surname'], columns)[0]]
  if (first === undefined || last === undefined) return
  const at = fields.findIndex(({ name }) => name === 'name')
  fields.splice(at === -1 ? fields.length : at, at === -1 ? 0 : 1, {
    name: 'name',
    source: { template: `{${first}} {${last}}` },
  })
  taken.add(first).add(last)
}

/** The columns with one of these headers, the best header first; then one that is nearly the first of them. */
function columnsLike(headers: readonly string[], columns: readonly string[]): string[] {
  const exact = headers.flatMap((header) => columns.filter((column) => bare(column) === bare(header)))
  if (exact.length > 0) return exact
  const near = headers.flatMap(
    (header) =>
      meantName(
        header,
        columns.filter((column) => column.length > 5),
      ) ?? [],
  )
  return near.slice(0, 1)
}

/** How a row's customer is found where the file has no id of it: by its name, or by a person's address. */
function lookupOf(
  sampled: SampledFile,
  entity: EntityName,
  fields: readonly SuggestedField[],
  hasContacts: boolean,
): SuggestedLoad['lookup'] {
  if (entity === 'customer' || fields.some(({ name }) => name === 'client_id')) return undefined
  const [name] = columnsLike(ACCOUNT_NAME, sampled.file.columns)
  if (name !== undefined) return { name: 'account', entity: 'customer', by: 'client_name', key: name }
  if (entity === 'contact' || !hasContacts) return undefined
  const [email] = columnsLike(PERSON_EMAIL, sampled.file.columns)
  return email === undefined ? undefined : { name: 'person', entity: 'contact', by: 'email', key: email }
}

/** Deals that are not won are not contracts. */
function whereOf({ file, valuesOf }: SampledFile, entity: EntityName): SuggestedLoad['where'] {
  if (entity !== 'contract') return undefined
  for (const column of file.columns) {
    const won = /stage/i.test(column) ? valuesOf(column).find((value) => /^closed.?won$/i.test(value)) : undefined
    if (won !== undefined) return { column, is: won }
  }
  return undefined
}
