import { forClients } from '#kernel/authorization'
import type { ScopeGrant } from '#kernel/authorization'
import type { ToolServer } from '#kernel/calls/tool'
import type { ToolCatalogue, ToolEntry } from '#kernel/calls/tool-catalogue'
import type { McpExtension } from './extension.ts'
import { searchTools } from './tool-search.ts'

/** An MCP endpoint: its URL path, its tools and its instructions. */
export interface Endpoint {
  /** `/mcp/customers/health`; views of it end in `?readonly`, `?tools=search` or `?readonly&tools=search`. */
  readonly path: string
  readonly title: string
  readonly instructions: string
  /** All tools that can be called. */
  readonly entries: readonly ToolEntry[]
  /** The tools that `tools/list` shows: all of them, or the most used and the two that find and call the others. */
  readonly listed: readonly ToolEntry[]
  readonly byName: ReadonlyMap<string, ToolEntry>
  readonly scopes: readonly string[]
  /** Whether one of its tools asks its caller questions. */
  readonly asks: boolean
  readonly extension?: McpExtension
}

/** The MCP servers of one catalogue, and the extensions of each by server name. */
export interface Mount {
  readonly catalogue: ToolCatalogue
  readonly extensions?: Readonly<Record<string, McpExtension>>
  /** Whether all its tools are also served together, at `/mcp`. */
  readonly asRoot: boolean
}

const INSTRUCTIONS_CHARACTERS_MAX = 2048

/**
 * All endpoints by URL: `/mcp`, `/mcp/<server>`, `/mcp/<server>/<toolset>`, and three views of each: read-only, with tool
 * search, and both. A tool list is complete unless the URL says `tools=search`.
 */
export function endpointsOf(mounts: readonly Mount[]): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>()
  for (const mount of mounts) {
    for (const endpoint of endpointsOfMount(mount)) {
      const readOnly = readOnlyView(endpoint)
      for (const view of [endpoint, readOnly, searchView(endpoint), searchView(readOnly)])
        endpoints.set(view.path, view)
      endpoints.set(`${endpoint.path}/readonly`, readOnly)
    }
  }
  return endpoints
}

/** The endpoint of a request's URL, or undefined. `readonly` and `tools` may stand anywhere in the query. */
export function findEndpoint(endpoints: ReadonlyMap<string, Endpoint>, url: string): Endpoint | undefined {
  const exact = endpoints.get(url)
  if (exact !== undefined) return exact
  const [path = '', query] = url.split('?', 2)
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  if (query === undefined) return endpoints.get(plain)
  const asked = [...new URLSearchParams(query)].map(([name, value]) => [name.toLowerCase(), value] as const)
  // `readonly=True` and `readonly=yes` mean read-only too; only an explicit no is not.
  const isReadOnly = asked.some(([name, value]) => name === 'readonly' && !/^(false|0|no|off)$/i.test(value))
  const tools = asked.filter(([name]) => name === 'tools').map(([, value]) => value)
  if (tools.some((value) => value !== 'search')) return undefined
  const views = [...(isReadOnly ? ['readonly'] : []), ...(tools.length > 0 ? ['tools=search'] : [])]
  return endpoints.get(views.length === 0 ? plain : `${plain}?${views.join('&')}`)
}

/** The REST API as an OAuth protected resource, with the scopes that a client may be granted for it. */
export function restResource(modules: readonly { readonly scopes?: readonly ScopeGrant[] }[]) {
  const scopes = forClients(modules.flatMap(({ scopes: own = [] }) => own)).map(({ scope }) => scope)
  return { path: '/api', title: 'Plimsoll REST API', scopes }
}

/** All OAuth protected resources: the REST API and each MCP endpoint, with their scopes. */
export function resourcesOf(
  modules: readonly { readonly server?: ToolServer; readonly scopes?: readonly ScopeGrant[] }[],
): readonly { readonly path: string; readonly scopes: readonly string[] }[] {
  const servers = modules.flatMap(({ server }) => server ?? [])
  const scopesOf = (toolsets: ToolServer['toolsets'][string][]) => [
    ...new Set(toolsets.flat().flatMap(({ scopes }) => scopes)),
  ]
  return [
    restResource(modules),
    { path: '/mcp', scopes: scopesOf(servers.flatMap(({ toolsets }) => Object.values(toolsets))) },
    ...servers.flatMap(({ name, toolsets }) => [
      { path: `/mcp/${name}`, scopes: scopesOf(Object.values(toolsets)) },
      ...Object.entries(toolsets).map(([set, tools]) => ({ path: `/mcp/${name}/${set}`, scopes: scopesOf([tools]) })),
    ]),
  ]
}

function endpointsOfMount(mount: Mount): Endpoint[] {
  const { catalogue } = mount
  const found: Endpoint[] = []
  if (mount.asRoot) found.push(endpoint('/mcp', 'Plimsoll', allInstructions(catalogue.servers), catalogue.entries))
  for (const server of catalogue.servers) {
    const extension = mount.extensions?.[server.name]
    const extra = extension === undefined ? {} : { extension }
    const entries = catalogue.entries.filter((entry) => entry.server === server)
    const path = `/mcp/${server.name}`
    found.push({ ...endpoint(path, server.title, server.instructions, entries), ...extra })
    for (const toolset of Object.keys(server.toolsets)) {
      const some = entries.filter((entry) => entry.toolset === toolset)
      found.push({ ...endpoint(`${path}/${toolset}`, server.title, server.instructions, some), ...extra })
    }
  }
  return found
}

function readOnlyView(full: Endpoint): Endpoint {
  const entries = full.entries.filter((entry) => entry.tool.effect === 'read')
  return { ...full, ...endpoint(`${full.path}?readonly`, full.title, full.instructions, entries) }
}

/** The view of an endpoint that lists its most used tools only; `search_tools` finds the others. */
function searchView(full: Endpoint): Endpoint {
  const { search, call } = searchTools(full.entries)
  const isMostUsed = ({ tool, server }: ToolEntry) => server.mostUsed?.includes(tool.name) === true
  const path = `${full.path}${full.path.includes('?') ? '&' : '?'}tools=search`
  return {
    ...full,
    path,
    instructions: withinClients([SEARCH_INSTRUCTIONS, ...paragraphsOf(full.instructions)]),
    listed: [...full.entries.filter(isMostUsed).slice(0, MOST_USED_LISTED_MAX), search, call],
    byName: new Map([...full.byName, [search.tool.name, search], [call.tool.name, call]]),
  }
}

/** 25 with `search_tools` and `call_tool`: models choose less well among more than 30 to 50 tools (Anthropic, tool search). */
const MOST_USED_LISTED_MAX = 23
const SEARCH_INSTRUCTIONS =
  'Only the most used tools are listed. Find the others with search_tools, by what you want to do, and run them with call_tool.'

/** The leading paragraphs, up to the length that clients read. */
function withinClients(paragraphs: readonly string[]): string {
  const isFitting = (_: string, index: number) =>
    paragraphs.slice(0, index + 1).join('\n\n').length <= INSTRUCTIONS_CHARACTERS_MAX
  return paragraphs.filter(isFitting).join('\n\n')
}

const paragraphsOf = (text: string) => text.split('\n\n').filter((paragraph) => paragraph !== '')

function endpoint(path: string, title: string, instructions: string, entries: readonly ToolEntry[]): Endpoint {
  const byName = new Map(entries.map((entry) => [entry.tool.name, entry]))
  const scopes = [...new Set(entries.flatMap((entry) => entry.tool.scopes))].toSorted()
  const asks = entries.some((entry) => entry.tool.asks === true)
  return { path, title, instructions, entries, listed: entries, byName, scopes, asks }
}

/**
 * The instructions of `/mcp`, within the length that clients read: the first paragraph of every server, then the second of
 * every server, and so on while whole paragraphs fit. The endpoint of a server has its full instructions.
 */
function allInstructions(servers: readonly ToolServer[]): string {
  const [only, ...others] = servers
  if (only === undefined || others.length === 0) return only?.instructions ?? ''
  const parts = servers.map(({ title, instructions }) => ({
    kept: [`# ${title}`],
    left: paragraphsOf(instructions),
  }))
  const text = () => parts.flatMap(({ kept }) => kept).join('\n\n')
  while (parts.some(({ left }) => left.length > 0)) {
    for (const part of parts) {
      const [next = '', ...rest] = part.left
      const isFitting = next !== '' && text().length + 2 + next.length <= INSTRUCTIONS_CHARACTERS_MAX
      if (isFitting) part.kept.push(next)
      // A paragraph may depend on the one before it: once one is left out, so are the rest.
      part.left = isFitting ? rest : []
    }
  }
  return text()
}
