import { z } from 'zod'
import { PROBLEMS_MAX } from '../failure.ts'
import type { FieldProblem } from '../failure.ts'

/**
 * Converts Zod's issues to field problems: path, what was expected, and an example of a valid value. Examples are
 * computed only for the problems that are shown, because they take a hundred times as long as the rest.
 */
export function argumentProblems(schema: z.ZodObject, error: z.ZodError): readonly FieldProblem[] {
  return error.issues.flatMap((issue, index) => problemsOf(schema, issue, index < PROBLEMS_MAX))
}

function problemsOf(schema: z.ZodObject, issue: z.core.$ZodIssue, withExample: boolean): readonly FieldProblem[] {
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(schema.shape)
    const expected =
      issue.path.length > 0
        ? 'no such field'
        : known.length === 0
          ? 'no arguments at all'
          : `no such argument; there are: ${known.join(', ')}`
    return issue.keys.map((key) => ({ path: path === '' ? key : `${path}.${key}`, expected }))
  }
  const example = withExample ? exampleAt(schema, issue.path) : undefined
  return [
    {
      path: path === '' ? '(arguments)' : path,
      expected: expectation(issue),
      ...(example !== undefined && { example }),
    },
  ]
}

/** Descriptions of formats, because Zod's messages name only the format. */
const FORMS: Readonly<Record<string, string>> = {
  date: 'a day that exists, as YYYY-MM-DD',
  datetime: 'an ISO 8601 time in UTC',
  email: 'an e-mail address',
  url: 'a URL',
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `one of: ${issue.values.map(String).join(', ')}`
  if (issue.code === 'invalid_format' && issue.message.startsWith('Invalid ')) {
    return FORMS[issue.format] ?? issue.message
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined'))
    return `${issue.expected}, and it is required`
  return issue.message.replace(/^(Invalid \w+|Too \w+): expected /, '')
}

/** The example in the parameter's own metadata, else its default, else a value of its type. */
function exampleAt(schema: z.ZodObject, path: readonly PropertyKey[]): unknown {
  const fields: Readonly<Record<string, z.core.$ZodType | undefined>> = schema.shape
  const field = fields[String(path[0])]
  if (path.length !== 1 || field === undefined) return undefined
  const meta = z.globalRegistry.get(field)
  if (Array.isArray(meta?.['examples'])) return meta['examples'][0]
  // safe because: the fields of an object schema made by Zod are its full types.
  return plainExample(z.toJSONSchema(field as z.ZodType, { io: 'input', unrepresentable: 'any' }))
}

function plainExample(json: Record<string, unknown>): unknown {
  if (json['default'] !== undefined) return json['default']
  if (Array.isArray(json['examples'])) return json['examples'][0]
  if (Array.isArray(json['enum'])) return json['enum'][0]
  if (json['type'] === 'integer' || json['type'] === 'number') return numberExample(json)
  if (json['type'] === 'boolean') return true
  if (json['format'] === 'date-time') return '2026-01-31T09:00:00Z'
  if (json['format'] === 'date') return '2026-01-31'
  if (json['format'] === 'email') return 'ada@example.com'
  if (json['format'] === 'uri') return 'https://example.com'
  return undefined
}

function numberExample(json: Record<string, unknown>): number {
  const { minimum, exclusiveMinimum } = json
  if (typeof minimum === 'number' && minimum > Number.MIN_SAFE_INTEGER) return minimum
  return typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : 1
}
