import { z } from 'zod'

/** A JSON Schema, draft 2020-12. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/**
 * The input schema a caller sees: what a model needs to fill it in, and no more. Lengths and patterns are left out to
 * keep the list small in a model's context; arguments are checked against the full schema, whose refusals name them.
 */
export function listedInputSchema(input: z.ZodObject): JsonSchema {
  const full = z.toJSONSchema(input, { io: 'input', cycles: 'throw', reused: 'inline' })
  return { ...tidy(full), additionalProperties: false }
}

/**
 * The output schema a caller sees: the names of the result's fields, so that it stays small in a model's context. It
 * accepts everything that the full schema accepts, and results are checked against the full one.
 */
export function listedOutputSchema(output: z.ZodObject): JsonSchema {
  const properties = Object.fromEntries(Object.keys(output.shape).map((name) => [name, {}]))
  return { type: 'object', properties }
}

/** Drops the dialect, lengths, patterns, lower bounds that anybody would guess, and that nested objects are closed. */
function tidy(value: unknown): JsonSchema {
  const tidied = tidyValue(value)
  return isSchema(tidied) ? tidied : {}
}

function tidyValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidyValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([keyword, content]) => !isNoise(keyword, content))
      .map(([keyword, content]) => [keyword, tidyValue(content)]),
  )
}

/** From here on a bound guards the database and tells a model nothing. */
const TELLING_BOUND_MAX = 1_000_000

/** The content tells a keyword from a parameter of the same name, whose content is a schema. */
function isNoise(keyword: string, content: unknown): boolean {
  if (NOISE.has(keyword)) return !isSchema(content)
  if (keyword === 'additionalProperties') return content === false || isEmpty(content)
  if (keyword === 'propertyNames')
    return isSchema(content) && content['type'] === 'string' && Object.keys(content).length === 1
  if (keyword === 'default') return isEmpty(content)
  if (keyword === 'minimum') return content === 0 || content === 1 || isHuge(content)
  return keyword === 'maximum' && isHuge(content)
}

const NOISE: ReadonlySet<string> = new Set(['$schema', 'pattern', 'minLength', 'maxLength', 'minItems', 'maxItems'])

const isEmpty = (content: unknown) => isSchema(content) && Object.keys(content).length === 0
const isHuge = (content: unknown) => typeof content === 'number' && Math.abs(content) > TELLING_BOUND_MAX

/** Whether a value is a schema in object form. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
