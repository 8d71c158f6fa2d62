import { Failure } from '#kernel/failure'
import { isNear } from '#kernel/near-name'
import type { Tool } from './server.ts'

/**
 * Reads arguments written as `name=value`, each as the type that the tool states: `limit=5`, `tags=home,work`,
 * `filter.client_id=acme`. Values that begin with a bracket or a brace are JSON. `json` gives further arguments. Throws
 * `Failure('invalid')` for a name that the tool does not have.
 */
export function readArguments(tool: Tool, pairs: readonly string[], json: string | undefined): Record<string, unknown> {
  const args: Record<string, unknown> = json === undefined ? {} : parsedObject(json)
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw new Failure('invalid', `Expected name=value, not ${pair}.`)
    const [first = '', ...rest] = pair.slice(0, at).split('.')
    const schema = tool.inputSchema.properties[first]
    if (schema === undefined) throw unknownArgument(tool, first)
    const value = readValue(rest.reduce(within, schema), pair.slice(at + 1))
    setWithin(args, [first, ...rest], value)
  }
  return args
}

function setWithin(target: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) return void (target[name] = value)
  const inner = isRecord(target[name]) ? target[name] : {}
  target[name] = inner
  setWithin(inner, rest, value)
}

function within(schema: unknown, name: string): unknown {
  return isRecord(schema) && isRecord(schema['properties']) ? schema['properties'][name] : undefined
}

function readValue(schema: unknown, text: string): unknown {
  const type = isRecord(schema) ? schema['type'] : undefined
  if (/^[[{]/.test(text) && type !== 'string') return parsedJson(text)
  if (type === 'array') {
    const items = isRecord(schema) ? schema['items'] : undefined
    return text === '' ? [] : text.split(',').map((item) => readValue(items, item.trim()))
  }
  // What is no number or truth value is sent as it is: the tool says what it expects.
  if ((type === 'integer' || type === 'number') && text.trim() !== '' && !Number.isNaN(Number(text)))
    return Number(text)
  return type === 'boolean' && /^(true|false)$/.test(text) ? text === 'true' : text
}

function parsedObject(json: string): Record<string, unknown> {
  const value = parsedJson(json)
  if (isRecord(value)) return value
  throw new Failure('invalid', `Expected a JSON object such as {"limit": 5} in --args.`)
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Failure('invalid', `This is not JSON: ${text}`, { cause })
  }
}

function unknownArgument(tool: Tool, name: string): Failure {
  const known = Object.keys(tool.inputSchema.properties)
  const meant = known.find((each) => isNear(each, name))
  return new Failure(
    'invalid',
    `${tool.name} has no argument ${name}. ${meant === undefined ? `It has: ${known.join(', ')}.` : `Did you mean ${meant}?`}`,
  )
}

/** Finds a tool by its name. Throws `Failure('not_found')` with the name that may be meant. */
export function toolNamed(tools: readonly Tool[], name: string): Tool {
  const found = tools.find((tool) => tool.name === name)
  if (found !== undefined) return found
  const meant = tools.find((tool) => isNear(tool.name, name))
  throw new Failure(
    'not_found',
    meant === undefined
      ? `There is no tool ${name}. plimsoll call without a tool lists them.`
      : `There is no tool ${name}. Did you mean ${meant.name}?`,
  )
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
