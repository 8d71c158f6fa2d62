import type { ToolCatalogue } from '#kernel/calls/tool-catalogue'
import type { Reply } from './rpc.ts'

/** The server listed without a query: deployment checks count its tools. */
const PLAIN = 'tasks'
/** The value of `server` that selects the tools of all servers. */
const ALL = 'all'

/** The reason for a 404. */
export interface Missing {
  readonly missing: string
}

/**
 * Answers `GET /mcp/tools?server=<name|all>&toolset=<name>`, which is public: names, titles and schemas of tools, and the
 * URLs that list the other servers. Without a query: the tools of `tasks`, or all tools where there is no such server. A
 * toolset without a server is looked up in all servers.
 */
export function publicListing({ servers, entries }: ToolCatalogue): (query: URLSearchParams) => Reply | Missing {
  const names = servers.map(({ name }) => name)
  const made = new Map<string, Reply>()
  return (query) => {
    const toolset = query.get('toolset')
    const server = query.get('server') ?? (toolset === null && names.includes(PLAIN) ? PLAIN : ALL)
    if (server !== ALL && !names.includes(server)) return noSuch('server', server, [...names, ALL])
    const own = entries.filter((entry) => server === ALL || entry.server.name === server)
    const shown = own.filter((entry) => toolset === null || entry.toolset === toolset)
    if (toolset !== null && shown.length === 0)
      return noSuch(
        'toolset',
        toolset,
        own.map((entry) => entry.toolset),
      )
    const key = JSON.stringify([server, toolset])
    const known = made.get(key)
    if (known !== undefined) return known
    const tools = shown.map(({ tool, server: { name }, toolset: listedIn, inputSchema, outputSchema }) => ({
      name: tool.name,
      title: tool.title,
      server: name,
      toolset: listedIn,
      inputSchema,
      outputSchema,
    }))
    const others = servers.filter(({ name }) => server !== ALL && name !== server)
    const otherServers = others.map(({ name, title }) => ({
      name,
      title,
      count: entries.filter((entry) => entry.server.name === name).length,
      tools: `/mcp/tools?server=${name}`,
      endpoint: `/mcp/${name}`,
    }))
    const body = { server, count: tools.length, tools, otherServers, allTools: `/mcp/tools?server=${ALL}` }
    const reply = { status: 200, body: JSON.stringify(body) }
    made.set(key, reply)
    return reply
  }
}

function noSuch(field: string, given: string, known: readonly string[]): Missing {
  const [example = ''] = known
  const choice = [...new Set(known)].join(', ')
  const shown = JSON.stringify(given.slice(0, 64))
  return {
    missing: `${field}: there is no ${shown}. Give one of ${choice}, for example /mcp/tools?${field}=${example}.`,
  }
}
