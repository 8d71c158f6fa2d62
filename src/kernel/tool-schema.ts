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
 * The output schema a caller sees: one level deep, so that it stays small in a model's context. It accepts everything
 * that the full schema accepts, and results are checked against the full one.
 */
export function listedOutputSchema(output: z.ZodObject): JsonSchema {
  const full = z.toJSONSchema(output, { io: 'output', unrepresentable: 'any', reused: 'inline' })
  const properties = Object.entries(full.properties ?? {}).map(([name, schema]) => [name, relax(schema)] as const)
  return { type: 'object', properties: Object.fromEntries(properties) }
}

/** From here on a bound guards the database and tells a model nothing. */
const TELLING_BOUND_MAX = 1_000_000

/** Drops the dialect, lengths, patterns, bounds that tell nothing, and that nested objects are closed. */
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

/** The content tells a keyword from a parameter of the same name, whose content is a schema. */
function isNoise(keyword: string, content: unknown): boolean {
  if (keyword === '$schema' || keyword === 'pattern') return typeof content === 'string'
  if (keyword === 'minLength' || keyword === 'maxLength') return typeof content === 'number'
  if (keyword === 'additionalProperties') return content === false
  if (keyword === 'minimum' || keyword === 'maximum') {
    return typeof content === 'number' && Math.abs(content) > TELLING_BOUND_MAX
  }
  return false
}

function relax(schema: unknown): JsonSchema {
  const types = typesOf(schema)
  if (types === undefined) return {}
  return { type: types.length === 1 ? types[0] : types }
}

/** The JSON types a schema allows, or undefined when it may allow any. */
function typesOf(schema: unknown): readonly string[] | undefined {
  if (!isSchema(schema)) return undefined
  const { type, anyOf, oneOf, enum: values, const: constant } = schema
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type.map(String)
  const options = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined
  if (options !== undefined) return unionOf(options.map(typesOf))
  if (Array.isArray(values)) return unionOf(values.map((value) => [jsonTypeOf(value)]))
  if (constant !== undefined) return [jsonTypeOf(constant)]
  return undefined
}

function unionOf(parts: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const known = parts.filter((part) => part !== undefined)
  if (known.length < parts.length || known.length === 0) return undefined
  return [...new Set(known.flat())]
}

function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const name = typeof value
  return name === 'string' || name === 'number' || name === 'boolean' ? name : 'object'
}

/** Whether a value is a schema in object form. */
export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
