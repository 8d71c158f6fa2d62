import type { z } from 'zod'
import type { Tool, ToolServer } from './tool.ts'
import { NAME_CHARACTERS_MAX, lintTool } from './tool-lint.ts'
import { listedInputSchema, listedOutputSchema } from './tool-schema.ts'
import type { JsonSchema } from './tool-schema.ts'

/** A compiled tool, with the schemas that are listed and validated. */
export interface ToolEntry {
  readonly tool: Tool
  readonly server: ToolServer
  readonly toolset: string
  /** The full input schema; it rejects unknown arguments. */
  readonly input: z.ZodObject
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
  readonly hints: ToolHints
  /** Available to every caller, whatever its scopes and bounds, because it reveals only what the caller may use anyway. */
  readonly open?: boolean
}

/** The annotations that follow from the tool's effect (https://modelcontextprotocol.io/specification, ToolAnnotations). */
export interface ToolHints {
  readonly readOnlyHint: boolean
  readonly destructiveHint: boolean
  readonly idempotentHint: boolean
  readonly openWorldHint: boolean
}

/** All tools of all servers, in listing order. */
export interface ToolCatalogue {
  readonly servers: readonly ToolServer[]
  readonly entries: readonly ToolEntry[]
  readonly byName: ReadonlyMap<string, ToolEntry>
}

const INSTRUCTIONS_CHARACTERS_MAX = 2048
const MOST_USED_MAX = 8

/** Compiles and checks all tools at start. Throws an error that lists every problem. */
export function compileCatalogue(
  servers: readonly ToolServer[],
  nameCharactersMax: number = NAME_CHARACTERS_MAX,
): ToolCatalogue {
  const problems = servers.flatMap(lintServer)
  const byName = new Map<string, ToolEntry>()
  for (const server of servers) {
    for (const [toolset, tools] of Object.entries(server.toolsets)) {
      for (const tool of tools) {
        const entry = compileTool(server, toolset, tool)
        const other = byName.get(tool.name)
        if (other !== undefined)
          problems.push(`tool ${tool.name}: ${other.server.name} and ${server.name} both have it`)
        problems.push(...lintTool(tool, entry.inputSchema, nameCharactersMax))
        byName.set(tool.name, entry)
      }
    }
  }
  if (problems.length > 0) throw new Error(`The tool catalogue is not fit to be served:\n- ${problems.join('\n- ')}`)
  return { servers, entries: [...byName.values()], byName }
}

/** Compiles one tool. */
export function compileTool(server: ToolServer, toolset: string, tool: Tool): ToolEntry {
  return {
    tool,
    server,
    toolset,
    input: tool.input.strict(),
    inputSchema: listedInputSchema(tool.input),
    outputSchema: listedOutputSchema(tool.output),
    hints: hintsOf(tool),
  }
}

function hintsOf(tool: Tool): ToolHints {
  return {
    readOnlyHint: tool.effect === 'read',
    destructiveHint: tool.effect === 'destroy',
    idempotentHint: tool.effect !== 'create',
    openWorldHint: false,
  }
}

function lintServer(server: ToolServer): string[] {
  const problems: string[] = []
  if (!/^[a-z][a-z0-9-]*$/.test(server.name)) problems.push(`server ${server.name}: its name must be lower case`)
  if (server.name === 'tools') problems.push('server tools: its name is that of the public listing')
  if (server.name === 'all') problems.push('server all: in the public listing that name means every server')
  if ('readonly' in server.toolsets) problems.push(`server ${server.name}: readonly is a view, not a toolset`)
  if (server.instructions.length > INSTRUCTIONS_CHARACTERS_MAX) {
    problems.push(`server ${server.name}: its instructions must have at most ${INSTRUCTIONS_CHARACTERS_MAX} characters`)
  }
  const names = new Set(Object.values(server.toolsets).flatMap((tools) => tools.map(({ name }) => name)))
  const { mostUsed = [] } = server
  for (const name of mostUsed) {
    if (!names.has(name)) problems.push(`server ${server.name}: mostUsed names ${name}, which it does not have`)
  }
  if (mostUsed.length > MOST_USED_MAX) {
    problems.push(`server ${server.name}: mostUsed must have at most ${MOST_USED_MAX} tools`)
  }
  return problems
}
