import type { ToolCatalogue } from '#kernel/calls/tool-catalogue'
import type { Reply } from './rpc.ts'

/**
 * `GET /mcp/tools?server=…&toolset=…`: names, titles and schemas, for anybody. Without a server: all of them.
 * Undefined where there is no such server or toolset. The only thing about the tools that is told without a token.
 */
export function publicListing(catalogue: ToolCatalogue): (query: URLSearchParams) => Reply | undefined {
  const made = new Map<string, Reply>()
  return (query) => {
    const server = query.get('server')
    const toolset = query.get('toolset')
    const entries = catalogue.entries.filter(
      (entry) => (server === null || entry.server.name === server) && (toolset === null || entry.toolset === toolset),
    )
    if (entries.length === 0) return undefined
    const key = JSON.stringify([server, toolset])
    const known = made.get(key)
    if (known !== undefined) return known
    const tools = entries.map(({ tool, server: { name }, toolset: listedIn, inputSchema, outputSchema }) => ({
      name: tool.name,
      title: tool.title,
      server: name,
      toolset: listedIn,
      inputSchema,
      outputSchema,
    }))
    const reply = { status: 200, body: JSON.stringify({ count: tools.length, tools }) }
    made.set(key, reply)
    return reply
  }
}
