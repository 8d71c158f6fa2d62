import { z } from 'zod'
import { isRecord } from './arguments.ts'
import type { Tool } from './server.ts'

/** Lines of text that show a result on a terminal of this width: values by name, and lists of objects as tables. */
export function resultLines(result: Readonly<Record<string, unknown>>, width: number): string[] {
  const blocks: string[][] = []
  let values: [string, string][] = []
  const close = () => {
    if (values.length > 0) blocks.push(pairLines(values))
    values = []
  }
  for (const [name, value] of flattened(result)) {
    if (!isTable(value)) values.push([name, cell(value)])
    else {
      close()
      blocks.push([`${name} (${value.length})`, ...tableLines(value, width)])
    }
  }
  close()
  return blocks.flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]))
}

const ToolError = z.object({
  error: z.object({
    message: z.string(),
    problems: z.array(z.object({ path: z.string(), expected: z.string() })).default([]),
  }),
})

/** The text of a refusal: its message, and each problem with the field it is about. */
export function refusalLines(text: string): string[] {
  const parsed = ToolError.safeParse(parsedJson(text))
  if (!parsed.success) return [text]
  const { message, problems } = parsed.data.error
  return [message, ...problems.map(({ path, expected }) => `  ${path}: expected ${expected}`)]
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because such a text is shown as it is.
    return undefined
  }
}

/** Each tool with the first sentence of its description. */
export function toolLines(tools: readonly Tool[]): string[] {
  return pairLines(tools.map(({ name, description }) => [name, description.split(/(?<=\.)\s/, 1)[0] ?? '']))
}

/** What a tool does, and its arguments. */
export function helpLines({ name, description, inputSchema: { properties, required } }: Tool): string[] {
  const rows = Object.entries(properties).map(([argument, schema]): [string, string] => {
    const { type = '', description: about = '', enum: choices } = isRecord(schema) ? schema : {}
    const kind = Array.isArray(choices) ? `one of ${choices.join(', ')}` : String(type)
    const told = [kind, ...(required.includes(argument) ? ['required'] : []), String(about)].filter(
      (part) => part !== '',
    )
    return [`  ${argument}`, told.join('; ')]
  })
  return [name, description, ...(rows.length === 0 ? [] : ['', 'Arguments:', ...pairLines(rows)])]
}

/** The values of an object by name; those of an object inside it with its name in front: `score.value`. */
function flattened(record: Readonly<Record<string, unknown>>, prefix = ''): [string, unknown][] {
  return Object.entries(record).flatMap(([name, value]): [string, unknown][] =>
    isRecord(value) && Object.keys(value).length > 0
      ? flattened(value, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value]],
  )
}

type Rows = readonly Readonly<Record<string, unknown>>[]

function isTable(value: unknown): value is Rows {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord)
}

function tableLines(rows: Rows, width: number): string[] {
  const flat = rows.map((row) => new Map(flattened(row).map(([name, value]) => [name, cell(value)])))
  const columns = [...new Set(flat.flatMap((row) => [...row.keys()]))]
  const sized = columns.map((name) => [name, ...flat.map((row) => row.get(name) ?? '')])
  const widths = sized.map((texts) => Math.max(...texts.map((text) => text.length)))
  const ends = widths.map((_, at) =>
    widths.slice(0, at + 1).reduce((sum, each) => sum + each + GAP.length, -GAP.length),
  )
  const shown = Math.max(1, ends.filter((end) => end <= width).length)
  const line = (texts: readonly string[]) =>
    texts
      .slice(0, shown)
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join(GAP)
      .trimEnd()
  const hidden = columns.slice(shown)
  return [
    line(columns),
    ...flat.map((row) => line(columns.map((name) => row.get(name) ?? ''))),
    ...(hidden.length === 0 ? [] : [`Not shown: ${hidden.join(', ')}. A wider terminal, or --json, has them.`]),
  ]
}

const GAP = '  '

function pairLines(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, text]) => `${name.padEnd(width)}  ${text}`.trimEnd())
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return value.join(value.some((item) => String(item).includes(' ')) ? '; ' : ', ')
  return typeof value === 'string' ? value.replaceAll(/\s*\n\s*/g, ' ') : JSON.stringify(value)
}
