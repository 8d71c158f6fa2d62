import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import { argumentProblems } from '#kernel/calls/argument-problems'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import type { Route } from '#kernel/calls/route'
import { shapeProblem } from '#kernel/network/json-shape'
import { lossProblems, valueProblems } from '#kernel/calls/value-problems'

export interface RequestParts {
  readonly params: unknown
  readonly query: unknown
  readonly headers?: unknown
  readonly body: unknown
}

type Parsed = Pick<Route, 'params' | 'query' | 'body' | 'checksBody'> & { readonly headers?: z.ZodObject }

/**
 * Creates the parser of a route's path, query, headers and body. It reports all problems of all four at once, each with
 * its field. Objects refuse unknown fields and text that PostgreSQL cannot store, unless their schema is open.
 */
export function requestParser(route: Parsed): (raw: RequestParts) => Required<RequestParts> {
  const nothing = z.strictObject({})
  const parts = {
    params: strict(route.params ?? nothing),
    query: strict(route.query ?? nothing),
    headers: route.headers ?? z.unknown(),
    body: route.body === undefined ? z.unknown() : strict(route.body),
  }
  return (raw) => {
    if (route.checksBody !== true) requireBounded(raw.body)
    const params = parts.params.safeParse(raw.params)
    const query = parts.query.safeParse(raw.query)
    const headers = parts.headers.safeParse(raw.headers)
    const body = parts.body.safeParse(raw.body)
    const problems = [
      ...problemsOf('path', parts.params, raw.params, params),
      ...problemsOf('query', parts.query, raw.query, query),
      ...problemsOf('headers', parts.headers, raw.headers, headers),
      ...(route.checksBody === true && body.success ? [] : problemsOf('body', parts.body, raw.body, body)),
    ]
    if (params.success && query.success && headers.success && body.success && problems.length === 0) {
      return { params: params.data, query: query.data, headers: headers.data, body: body.data }
    }
    throw new Failure('invalid', 'The request is invalid. Correct the listed fields and send it again.', { problems })
  }
}

/** Throws for a parsed body that is too deep or holds too many values to be validated. */
export function requireBounded(body: unknown): void {
  const problem = shapeProblem(body)
  if (problem !== undefined) throw new Failure('too_large', `The body is not read: ${problem}.`)
}

/** The request headers that the schema declares. */
export function pickHeaders(schema: z.ZodObject | undefined, headers: IncomingHttpHeaders): unknown {
  const names = Object.keys(schema?.shape ?? {})
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])))
}

/** The schema without unknown fields, unless it is declared open. */
export function strict(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodObject && schema.def.catchall === undefined ? schema.strict() : schema
}

/** Whether the schema allows fields it does not declare. */
function isOpen(schema: z.ZodType): boolean {
  return schema instanceof z.ZodObject ? schema.def.catchall instanceof z.ZodUnknown : schema instanceof z.ZodUnknown
}

function problemsOf(
  place: string,
  schema: z.ZodType,
  raw: unknown,
  result: z.ZodSafeParseResult<unknown>,
): readonly FieldProblem[] {
  if (result.success) return isOpen(schema) ? lossProblems(raw, [place]) : valueProblems(raw, [place])
  if (schema instanceof z.ZodObject) {
    return argumentProblems(schema, result.error).map((problem) => ({
      ...problem,
      path: problem.path === '(arguments)' ? place : `${place}.${problem.path}`,
    }))
  }
  return result.error.issues.map((issue) => ({
    path: [place, ...issue.path].map(String).join('.'),
    expected: issue.message.replace(/^Invalid input: expected /, ''),
  }))
}
