import { forClients } from '#kernel/authorization'
import type { ScopeGrant } from '#kernel/authorization'
import type { ToolServer } from '#kernel/calls/tool'
import type { ToolCatalogue, ToolEntry } from '#kernel/calls/tool-catalogue'
import type { McpExtension } from './extension.ts'

/** One URL that speaks MCP: which tools it shows, and how it introduces itself. */
export interface Endpoint {
  /** `/mcp/customers/health`; a read-only view ends in `?readonly`. */
  readonly path: string
  readonly title: string
  readonly instructions: string
  readonly entries: readonly ToolEntry[]
  readonly byName: ReadonlyMap<string, ToolEntry>
  readonly scopes: readonly string[]
  /** It has a tool that puts questions to its caller. */
  readonly asks: boolean
  readonly extension?: McpExtension
}

/** The servers of one catalogue, and what each serves beside tools, by its name. */
export interface Mount {
  readonly catalogue: ToolCatalogue
  readonly extensions?: Readonly<Record<string, McpExtension>>
  /** Also serve all its tools together, at `/mcp`. */
  readonly asRoot: boolean
}

const INSTRUCTIONS_CHARACTERS_MAX = 2048

/** Every URL of the mounts: `/mcp`, `/mcp/<server>`, `/mcp/<server>/<toolset>`, and the read-only view of each. */
export function endpointsOf(mounts: readonly Mount[]): ReadonlyMap<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>()
  for (const mount of mounts) {
    for (const endpoint of endpointsOfMount(mount)) {
      const view = readOnlyView(endpoint)
      endpoints.set(endpoint.path, endpoint)
      endpoints.set(view.path, view)
      endpoints.set(`${endpoint.path}/readonly`, view)
    }
  }
  return endpoints
}

/** The endpoint of a request's URL, or undefined. `readonly` may stand anywhere in the query, in whatever spelling. */
export function findEndpoint(endpoints: ReadonlyMap<string, Endpoint>, url: string): Endpoint | undefined {
  const exact = endpoints.get(url)
  if (exact !== undefined) return exact
  const [path = '', query] = url.split('?', 2)
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  return endpoints.get(query !== undefined && asksReadOnly(query) ? `${plain}?readonly` : plain)
}

/** Whoever writes `readonly=True` or `readonly=yes` counts on it: only a plain no is one. */
function asksReadOnly(query: string): boolean {
  return [...new URLSearchParams(query)].some(
    ([name, value]) => name.toLowerCase() === 'readonly' && !/^(false|0|no|off)$/i.test(value),
  )
}

/** The REST side as a resource that tokens are made for, with the scopes that a client may be granted there. */
export function restResource(modules: readonly { readonly scopes?: readonly ScopeGrant[] }[]) {
  const scopes = forClients(modules.flatMap(({ scopes: own = [] }) => own)).map(({ scope }) => scope)
  return { path: '/api', title: 'Plimsoll REST API', scopes }
}

/** Everything that tokens are made for: the REST side, and each URL that speaks MCP, with the scopes of use there. */
export function resourcesOf(
  modules: readonly { readonly server?: ToolServer; readonly scopes?: readonly ScopeGrant[] }[],
): readonly { readonly path: string; readonly scopes: readonly string[] }[] {
  const servers = modules.flatMap(({ server }) => server ?? [])
  const scopesOf = (toolsets: ToolServer['toolsets'][string][]) => [
    ...new Set(toolsets.flat().map(({ scope }) => scope)),
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

function endpoint(path: string, title: string, instructions: string, entries: readonly ToolEntry[]): Endpoint {
  const byName = new Map(entries.map((entry) => [entry.tool.name, entry]))
  const scopes = [...new Set(entries.map((entry) => entry.tool.scope))].toSorted()
  const asks = entries.some((entry) => entry.tool.asks === true)
  return { path, title, instructions, entries, byName, scopes, asks }
}

/**
 * How all servers introduce themselves together, within what clients read: the first paragraph of each, then the second
 * of each, as long as they fit whole. Each server's own URL has all of it.
 */
function allInstructions(servers: readonly ToolServer[]): string {
  const [only, ...others] = servers
  if (only === undefined || others.length === 0) return only?.instructions ?? ''
  const parts = servers.map(({ title, instructions }) => ({
    kept: [`# ${title}`],
    left: instructions.split('\n\n').filter((paragraph) => paragraph !== ''),
  }))
  const text = () => parts.flatMap(({ kept }) => kept).join('\n\n')
  while (parts.some(({ left }) => left.length > 0)) {
    for (const part of parts) {
      const [next = '', ...rest] = part.left
      const isFitting = next !== '' && text().length + 2 + next.length <= INSTRUCTIONS_CHARACTERS_MAX
      if (isFitting) part.kept.push(next)
      // What comes after a paragraph that is left out may mean nothing without it.
      part.left = isFitting ? rest : []
    }
  }
  return text()
}
