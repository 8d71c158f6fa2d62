import { z } from 'zod'
import { argumentProblems } from '#kernel/calls/argument-problems'
import { hasBody } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { valueProblems } from '#kernel/calls/value-problems'
import { isSchema } from '#kernel/calls/tool-schema'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import { requestParser, requireBounded } from './request-parts.ts'
import type { RequestParts } from './request-parts.ts'

/** Creates the parser of a route: for one merged input (a route on an operation), or for path, query and body apart. */
export function routeParser(route: Route): (raw: RequestParts) => unknown {
  const { input } = route
  return input === undefined ? requestParser(route) : mergedParser({ ...route, input })
}

type Place = 'path' | 'query' | 'body'

/**
 * Creates the parser of a route on an operation: the fields of path, query and body are merged into one input and parsed
 * once. Text fields of path and query are converted to the type the input expects. Throws `Failure('invalid')` with
 * every problem, each naming the place where the field was or was expected.
 */
function mergedParser({
  input,
  without = [],
  method,
  params,
  query,
}: Pick<Route, 'without' | 'method' | 'params' | 'query'> & { readonly input: z.ZodObject }): (
  raw: RequestParts,
) => unknown {
  const inPath = new Set(Object.keys(params?.shape ?? {}))
  const rest: Place = hasBody(method) ? 'body' : 'query'
  const expectedAt = (name: string): Place => (inPath.has(name) ? 'path' : rest)
  const read = textReaders(input)
  const closed = input.strict()
  // Text fields of the body are not accepted in the URL, which is logged: they include passwords and tokens.
  const isOutOfPlace = (place: Place, name: string) =>
    place === 'query' && rest === 'body' && query?.shape[name] === undefined && name in input.shape
  return (raw) => {
    requireBounded(raw.body)
    const given = new Map<string, unknown>()
    const places = new Map<string, Place>()
    const problems: FieldProblem[] = []
    for (const [place, values] of partsOf(raw, rest, problems)) {
      for (const [name, value] of Object.entries(values)) {
        if (without.includes(name)) problems.push({ path: `${place}.${name}`, expected: 'no such field' })
        else if (isOutOfPlace(place, name)) {
          problems.push({ path: `${place}.${name}`, expected: 'no value here: send it in the body' })
        } else if (places.has(name))
          problems.push({ path: `${place}.${name}`, expected: 'one value: it was given twice' })
        else {
          places.set(name, place)
          given.set(name, place === 'body' ? value : read(name, value))
        }
      }
    }
    const merged = Object.fromEntries(given)
    const parsed = closed.safeParse(merged)
    const found = parsed.success ? valueProblems(merged) : argumentProblems(input, parsed.error)
    problems.push(...found.map((problem) => ({ ...problem, path: placed(problem.path, places, expectedAt, rest) })))
    if (parsed.success && problems.length === 0) return parsed.data
    throw new Failure('invalid', 'The request is invalid. Correct the listed fields and send it again.', { problems })
  }
}

/** The parts that are objects. A body that is not an object is a problem, unless the route takes no body. */
function partsOf({ params, query, body }: RequestParts, rest: Place, problems: FieldProblem[]): [Place, object][] {
  const parts: [Place, object][] = [
    ['path', asObject(params)],
    ['query', asObject(query)],
  ]
  if (rest !== 'body') return parts
  if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body))) {
    problems.push({ path: 'body', expected: 'object' })
  }
  return [...parts, ['body', asObject(body)]]
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

function placed(
  path: string,
  places: ReadonlyMap<string, Place>,
  expectedAt: (name: string) => Place,
  rest: Place,
): string {
  if (path === '(arguments)') return rest
  const [name = ''] = path.split('.', 1)
  return `${places.get(name) ?? expectedAt(name)}.${path}`
}

/** Converts text of a path or query to the type of its field. Text that cannot be converted is kept, and then refused. */
function textReaders(input: z.ZodObject): (name: string, value: unknown) => unknown {
  const { properties = {} } = z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' })
  return (name, value) => fromText(Object.hasOwn(properties, name) ? properties[name] : undefined, value)
}

function fromText(schema: unknown, value: unknown): unknown {
  if (!isSchema(schema)) return value
  const { type, items, anyOf } = schema
  if (Array.isArray(anyOf))
    return fromText(
      anyOf.find((option) => typeOf(option) !== 'null'),
      value,
    )
  if (type === 'array') return [value].flat().map((each) => fromText(items, each))
  if (typeof value !== 'string') return value
  // Only plain decimal numbers: `1e3`, `0x10` and an empty text are refused.
  if ((type === 'integer' || type === 'number') && /^-?(0|[1-9]\d{0,15})(\.\d{1,15})?$/.test(value))
    return Number(value)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function typeOf(schema: unknown): unknown {
  return isSchema(schema) ? schema['type'] : undefined
}
