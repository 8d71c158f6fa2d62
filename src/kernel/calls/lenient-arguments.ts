import { z } from 'zod'

/** Arguments that were read in spite of their form, with a note for the model that sent them so. */
export interface Reread {
  readonly args: Readonly<Record<string, unknown>>
  readonly notes: readonly string[]
}

/**
 * Reads refused arguments again as many clients send them: null for an optional argument that takes none, and a list,
 * object, number or boolean as JSON text. Only arguments that the schema refused for their type are changed, so nothing
 * that it accepts is read differently. Undefined when there is no such argument.
 */
export function reread(args: unknown, error: z.ZodError): Reread | undefined {
  const given = z.record(z.string(), z.unknown()).safeParse(args)
  if (!given.success) return undefined
  const read = new Map(Object.entries(given.data))
  const notes: string[] = []
  for (const issue of error.issues) {
    const [name, ...deeper] = issue.path
    if (issue.code !== 'invalid_type' || typeof name !== 'string' || deeper.length > 0) continue
    const value = read.get(name)
    if (value === null) {
      read.delete(name)
      notes.push(`${name} was null and is left out`)
    } else if (typeof value === 'string' && isRead(issue.expected, parsed(value))) {
      read.set(name, parsed(value))
      notes.push(`${name} was sent as text and is read as ${issue.expected === 'int' ? 'number' : issue.expected}`)
    }
  }
  return notes.length === 0 ? undefined : { args: Object.fromEntries(read), notes }
}

/** Whether a value of JSON text has the expected type. */
function isRead(expected: string, value: unknown): boolean {
  switch (expected) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'number':
    case 'int':
      return typeof value === 'number'
    default:
      return false
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because text that is not JSON stays refused.
    return undefined
  }
}
