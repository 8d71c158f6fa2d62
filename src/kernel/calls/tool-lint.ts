import type { Tool } from './tool.ts'
import { isSchema, portabilityProblems } from './tool-schema.ts'
import type { JsonSchema } from './tool-schema.ts'

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
/** Leaves room for a client's prefix `mcp__<server>__` within the 64 characters that models accept. */
export const NAME_CHARACTERS_MAX = 40

/** The problems of a tool's definition, worded for its author; empty if it may be listed. */
export function lintTool(tool: Tool, inputSchema: JsonSchema, nameCharactersMax: number): readonly string[] {
  return [...lintName(tool.name, nameCharactersMax), ...lintWords(tool), ...lintInput(inputSchema)].map(
    (problem) => `tool ${tool.name}: ${problem}`,
  )
}

function lintName(name: string, charactersMax: number): readonly string[] {
  const problems: string[] = []
  if (!NAME.test(name)) problems.push('its name must be snake_case: a-z, 0-9 and single underscores')
  if (name.length > charactersMax) problems.push(`its name must have at most ${charactersMax} characters`)
  return problems
}

function lintWords(tool: Tool): readonly string[] {
  const problems: string[] = []
  if (tool.title.trim() === '') problems.push('it needs a title')
  if (tool.describe.trim() === '') problems.push('it needs a description')
  return problems
}

function lintInput(schema: JsonSchema): readonly string[] {
  const problems = [...portabilityProblems(schema)]
  if (schema['type'] !== 'object') problems.push('the root of its input must be a plain object')
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  for (const [name, property] of Object.entries(properties)) {
    if (!isSchema(property) || !speaksForItself(name, property))
      problems.push(`its parameter ${name} needs a description`)
  }
  return problems
}

/** Whether a parameter needs no description: an enum, a boolean, or a name that every model knows. */
function speaksForItself(name: string, { description, enum: values, type }: JsonSchema): boolean {
  return typeof description === 'string' || Array.isArray(values) || type === 'boolean' || PLAIN_NAME.test(name)
}

const PLAIN_NAME =
  /(^|_)(id|ids|name|email|title|description|industry|tags|limit|offset|search|seats|idempotency_key|expected_version)$/
