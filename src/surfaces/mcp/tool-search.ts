import MiniSearch from 'minisearch'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { mayUseTool } from '#kernel/calls/permission'
import type { Tool, ToolServer } from '#kernel/calls/tool'
import { compileTool } from '#kernel/calls/tool-catalogue'
import type { ToolEntry } from '#kernel/calls/tool-catalogue'
import { isSchema } from '#kernel/calls/tool-schema'

const SEARCH_TOOLS = 'search_tools'
const CALL_TOOL = 'call_tool'

/** The two tools by which a caller reaches the tools that its list leaves out. */
export interface SearchTools {
  readonly search: ToolEntry
  readonly call: ToolEntry
}

/** Makes `search_tools` and `call_tool` for the tools of one endpoint. */
export function searchTools(entries: readonly ToolEntry[]): SearchTools {
  const readOnly = entries.every((entry) => entry.tool.effect === 'read')
  return { search: openEntry(searchTool(entries)), call: openEntry(callTool(readOnly)) }
}

/**
 * The tool that a `tools/call` is about, and its arguments: those inside `call_tool` where it is called by that, so that
 * scopes, audit, limits and metrics are those of the tool that runs. A `call_tool` that names no tool of the endpoint, or
 * has other arguments than its own, is that call itself, which refuses them as any tool does. Undefined for a name that
 * is unknown here.
 */
export function calledTool(
  byName: ReadonlyMap<string, ToolEntry>,
  params: Readonly<Record<string, unknown>>,
): { readonly entry: ToolEntry; readonly args: unknown } | undefined {
  const { name, arguments: args = {} } = params
  const entry = typeof name === 'string' ? byName.get(name) : undefined
  if (entry === undefined) return undefined
  if (entry.tool.name !== CALL_TOOL || entry.open !== true) return { entry, args }
  const inner = CallToolInput.safeParse(args)
  const called = inner.success ? byName.get(inner.data.name) : undefined
  return called === undefined ? { entry, args } : { entry: called, args: inner.data?.arguments ?? {} }
}

const SearchToolsInput = z.strictObject({
  query: z
    .string()
    .refine((given) => given.trim() !== '' && given.length <= 200, '1–200 characters')
    .describe('What you want to do, in a few words'),
  limit: z.int().min(1).max(20).default(5),
})

const SearchToolsOutput = z.strictObject({
  tools: z.array(
    z.strictObject({
      name: z.string(),
      description: z.string(),
      read_only: z.boolean(),
      input_schema: z.record(z.string(), z.unknown()),
    }),
  ),
  total_found: z.int(),
  hint: z.string().optional(),
})

/** Compiles one of the two; they belong to no server. */
function openEntry(open: Tool): ToolEntry {
  return { ...compileTool(NO_SERVER, 'search', open), open: true }
}

const NO_SERVER: ToolServer = { name: 'search', title: 'Tool search', instructions: '', toolsets: {} }

/** Finds tools by words of their names, titles, descriptions and arguments; forgives typing errors. */
function searchTool(entries: readonly ToolEntry[]): Tool {
  const index = new MiniSearch<{ readonly id: number }>({
    fields: ['name', 'title', 'description', 'parameters'],
    searchOptions: { prefix: true, fuzzy: 0.2, boost: { name: 4, title: 3, description: 2 } },
  })
  index.addAll(
    entries.map(({ tool: { name, title, describe }, inputSchema }, id) => ({
      id,
      name,
      title,
      description: describe,
      parameters: parameterWords(inputSchema),
    })),
  )
  return {
    name: SEARCH_TOOLS,
    title: 'Search tools',
    describe: `Find tools that are not listed, by what you want to do. Answers names, descriptions and input schemas, best first; run one with ${CALL_TOOL}.`,
    examples: [{ query: 'renewal forecast' }],
    effect: 'read',
    scopes: [],
    input: SearchToolsInput,
    output: SearchToolsOutput,
    run: async (ctx, input) => {
      const { query, limit } = SearchToolsInput.parse(input)
      const found = index.search(query).flatMap(({ id }) => entries[Number(id)] ?? [])
      const usable = found.filter((entry) => mayUseTool(ctx, entry))
      return {
        tools: usable.slice(0, limit).map(({ tool: { name, describe, effect }, inputSchema }) => ({
          name,
          description: describe,
          read_only: effect === 'read',
          input_schema: inputSchema,
        })),
        total_found: usable.length,
        ...(usable.length === 0 && { hint: hintFor(entries.filter((entry) => mayUseTool(ctx, entry))) }),
      }
    },
  }
}

function parameterWords(inputSchema: ToolEntry['inputSchema']): string {
  const properties = isSchema(inputSchema['properties']) ? inputSchema['properties'] : {}
  return Object.entries(properties)
    .flatMap(([name, property]) => [name, isSchema(property) ? property['description'] : undefined])
    .filter((word) => typeof word === 'string')
    .join(' ')
}

/** What a caller that found nothing may search for instead. */
function hintFor(usable: readonly ToolEntry[]): string {
  const titles = usable.map((entry) => entry.tool.title)
  if (titles.length === 0) return 'Your credential has no tool here.'
  return `No tool matches. Use other words; there are, among others: ${titles.slice(0, 10).join(', ')}.`
}

const CallToolInput = z.strictObject({
  name: z
    .string()
    .refine((name) => name !== CALL_TOOL, `a tool that ${SEARCH_TOOLS} finds`)
    .describe(`Of a tool that ${SEARCH_TOOLS} found`),
  arguments: z.record(z.string(), z.unknown()).optional().describe('By its input schema'),
})

/** What `call_tool` says of itself; the call of a known tool never reaches it. */
function callTool(readOnly: boolean): Tool {
  return {
    name: CALL_TOOL,
    title: 'Call tool',
    describe: `Run a tool that ${SEARCH_TOOLS} found. Its result, errors, permissions and limits are those of the tool itself.`,
    examples: [{ name: 'get_client_overview', arguments: { client_id: 'cs_acme' } }],
    effect: readOnly ? 'read' : 'destroy',
    scopes: [],
    input: CallToolInput,
    output: z.strictObject({}),
    run: async (_ctx, input) => {
      const { name } = CallToolInput.parse(input)
      throw new Failure('not_found', `There is no tool ${name.slice(0, 64)} here. ${SEARCH_TOOLS} finds tools.`, {
        code: 'UNKNOWN_TOOL',
      })
    },
  }
}
