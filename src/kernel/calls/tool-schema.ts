import { z } from 'zod'

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/**
 * The input schema in `tools/list`: what a model needs to fill it in, in keywords that every client and model provider
 * accepts (one `type` a field, enums of strings; no `anyOf`, `const` or `format`). Lengths and patterns are omitted to save
 * tokens. Arguments are validated against the full schema, whose errors say what is expected.
 */
export function listedInputSchema(input: z.ZodObject): JsonSchema {
  const full = z.toJSONSchema(input, { io: 'input', cycles: 'throw', reused: 'inline' })
  return { ...portable(full), additionalProperties: false }
}

/**
 * The output schema in `tools/list`: the top-level fields of the result with their types. Fields that may be null or have
 * several types are omitted, because no portable keyword expresses that. It accepts every value that the full schema
 * accepts.
 */
export function listedOutputSchema(output: z.ZodObject): JsonSchema {
  const full = z.toJSONSchema(output, { io: 'output', reused: 'inline', unrepresentable: 'any' })
  const fields = Object.entries(isSchema(full.properties) ? full.properties : {})
  const typed = fields.flatMap(([name, field]) =>
    isSchema(field) && typeof field['type'] === 'string' ? [[name, { type: field['type'] }] as const] : [],
  )
  return { type: 'object', properties: Object.fromEntries(typed) }
}

/** Rewrites a schema and its subschemas. Constructs without a portable form stay, for `portabilityProblems` to report. */
function portable(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema
  const branches = Array.isArray(anyOf) ? anyOf.filter((branch) => !isNull(branch)) : []
  if (branches.length === 1 && isSchema(branches[0])) return portable({ ...branches[0], ...rest })
  const rewritten = Object.entries(schema)
    .filter(([keyword, content]) => !isNoise(keyword, content))
    .flatMap(([keyword, content]) => portableKeyword(keyword, content))
  return Object.fromEntries(withFormatNote(schema, rewritten))
}

function portableKeyword(keyword: string, content: unknown): readonly (readonly [string, unknown])[] {
  if (keyword === 'properties' && isSchema(content)) {
    const fields = Object.entries(content).map(([name, field]) => [name, isSchema(field) ? portable(field) : field])
    return [[keyword, Object.fromEntries(fields)]]
  }
  if (keyword === 'type' && Array.isArray(content)) {
    const types = content.filter((type) => type !== 'null')
    return [[keyword, types.length === 1 ? types[0] : types]]
  }
  if (keyword === 'const' && typeof content === 'boolean') return []
  if (keyword === 'const' && typeof content === 'string') return [['enum', [content]]]
  return [[keyword, isSchema(content) ? portable(content) : content]]
}

/** Adds the format of a date to the description. Other formats follow from the field's name, such as `email`. */
function withFormatNote(
  schema: JsonSchema,
  entries: readonly (readonly [string, unknown])[],
): readonly (readonly [string, unknown])[] {
  const note = FORMAT_NOTES[String(schema['format'])]
  if (note === undefined) return entries
  const { description } = schema
  const told = typeof description === 'string' ? `${note}; ${description.toLowerCase()}` : note
  return [...entries.filter(([keyword]) => keyword !== 'description'), ['description', told]]
}

const FORMAT_NOTES: Readonly<Record<string, string | undefined>> = {
  date: 'YYYY-MM-DD',
  'date-time': 'ISO 8601 with offset',
}

/** The constructs that some client or model provider refuses or ignores; empty if the schema is portable. */
export function portabilityProblems(schema: JsonSchema, path = 'its input'): readonly string[] {
  const { type, properties, items, enum: values } = schema
  const problems: string[] = []
  for (const keyword of UNPORTABLE) {
    if (keyword in schema) problems.push(`${path} must not use ${keyword}: some clients refuse it or drop it`)
  }
  if (typeof type !== 'string') problems.push(`${path} must have exactly one type`)
  if (isSchema(schema['default'])) problems.push(`${path} must not have an object as its default`)
  if (Array.isArray(values) && !values.every((value) => typeof value === 'string')) {
    problems.push(`the values that ${path} lists must be strings`)
  }
  for (const [name, field] of Object.entries(isSchema(properties) ? properties : {})) {
    if (isSchema(field)) problems.push(...portabilityProblems(field, `${path}.${name}`))
  }
  if (isSchema(items)) problems.push(...portabilityProblems(items, `${path}[]`))
  return problems
}

const UNPORTABLE = [
  '$ref',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
  'if',
  'const',
  'format',
  'prefixItems',
  'patternProperties',
]

/** Bounds above this one protect the database; they do not help a model. */
const TELLING_BOUND_MAX = 1_000_000

/** Whether a model does not need the keyword: dialect, format, lengths, patterns, and obvious bounds and defaults. */
function isNoise(keyword: string, content: unknown): boolean {
  if (NOISE.has(keyword)) return true
  if (keyword === 'additionalProperties') return content === false || isEmpty(content)
  if (keyword === 'default') return content === 0 || content === false || isEmpty(content)
  if (keyword === 'minimum') return content === 0 || content === 1 || isHuge(content)
  return keyword === 'maximum' && isHuge(content)
}

const NOISE: ReadonlySet<string> = new Set([
  '$schema',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'propertyNames',
])

const isNull = (branch: unknown) => isSchema(branch) && branch['type'] === 'null'
const isEmpty = (content: unknown) =>
  (isSchema(content) && Object.keys(content).length === 0) || (Array.isArray(content) && content.length === 0)
const isHuge = (content: unknown) => typeof content === 'number' && Math.abs(content) > TELLING_BOUND_MAX

/** Whether a value is a schema in object form. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
