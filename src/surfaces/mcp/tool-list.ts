import { LRUCache } from 'lru-cache'
import type { Principal, Scope } from '#kernel/principal'
import { mayUseTool } from '#kernel/calls/permission'
import type { ToolEntry } from '#kernel/calls/tool-catalogue'
import type { Endpoint } from './endpoint.ts'
import { META } from './era.ts'
import type { Era } from './era.ts'
import { RPC, RpcError, keptReply } from './rpc.ts'
import type { Reply, RpcId } from './rpc.ts'
import type { ServerIdentity } from './server-identity.ts'

/** How long a client may cache a list. Tools change only with a deployment. */
export const LIST_TTL_MILLISECONDS = 300_000
const PAGE_TOOLS_MAX = 100
const CURSOR = /^tools:(\d{1,6})$/

/** The bounds of the list cache: callers choose its keys by their scopes. */
const KEPT = { max: 1000, maxSize: 64 * 1024 * 1024, sizeCalculation: (page: Buffer) => page.length + 1 }

/**
 * Answers `tools/list`. A list is serialised once per endpoint, set of visible tools and protocol revision, and cached as
 * bytes: callers with the same rights receive identical bytes, in catalogue order.
 */
export function toolLists(identity: ServerIdentity): (request: ListRequest) => Reply {
  const made = new LRUCache<string, Buffer>(KEPT)
  return ({ endpoint, principal, era, id, cursor }) => {
    const offset = offsetOf(cursor)
    const key = `${endpoint.path} ${dialectOf(era)} ${viewOf(endpoint, principal)} ${offset}`
    let page = made.get(key)
    if (page === undefined) {
      page = Buffer.from(JSON.stringify(listPage(endpoint, principal, era, offset, identity)))
      made.set(key, page)
    }
    return keptReply(id, page)
  }
}

export interface ListRequest {
  readonly endpoint: Endpoint
  readonly principal: Principal
  readonly era: Era
  readonly id: RpcId
  readonly cursor: unknown
}

/** One page of `tools/list`. Throws -32602 for an offset beyond the end. */
export function listPage(
  endpoint: Endpoint,
  principal: Principal,
  era: Era,
  offset: number,
  identity: ServerIdentity,
): { tools: ListedTool[]; nextCursor?: string; [key: string]: unknown } {
  const visible = endpoint.listed.filter((entry) => mayUseTool(principal, entry))
  if (offset > 0 && offset >= visible.length) throw invalidCursor()
  const end = offset + PAGE_TOOLS_MAX
  return {
    ...(era.modern && { resultType: 'complete' }),
    tools: visible.slice(offset, end).map((entry) => listed(entry, era)),
    ...(end < visible.length && { nextCursor: Buffer.from(`tools:${end}`).toString('base64url') }),
    ...(era.modern && {
      ttlMs: LIST_TTL_MILLISECONDS,
      // The list depends on the caller's rights.
      cacheScope: 'private',
      _meta: { [META.serverInfo]: identity.info },
    }),
  }
}

/** The offset in a cursor. Throws -32602 for a cursor that this server did not issue. */
export function offsetOf(cursor: unknown): number {
  if (cursor === undefined) return 0
  const match = typeof cursor === 'string' ? CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) : null
  const offset = Number(match?.[1])
  if (match?.[1] === undefined || offset % PAGE_TOOLS_MAX !== 0) throw invalidCursor()
  return offset
}

export interface ListedTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: { readonly [keyword: string]: unknown; readonly type: 'object' }
  readonly annotations: Readonly<Record<string, unknown>>
  readonly title?: string
  readonly outputSchema?: { readonly [keyword: string]: unknown; readonly type: 'object' }
}

/** A tool as listed in a protocol revision: 2025-03-26 has neither titles nor output schemas. */
export function listed(entry: ToolEntry, era: Era): ListedTool {
  const { name, title, describe, present } = entry.tool
  const described = {
    name,
    description: describe,
    inputSchema: { ...entry.inputSchema, type: 'object' as const },
  }
  if (era.version === '2025-03-26') return { ...described, annotations: { title, ...entry.hints } }
  return {
    ...described,
    title,
    annotations: { ...entry.hints },
    ...(present === undefined &&
      saysFields(entry) && { outputSchema: { ...entry.outputSchema, type: 'object' as const } }),
  }
}

/** Whether the output schema lists a field. An empty one would only make clients require structured content. */
function saysFields({ outputSchema }: ToolEntry): boolean {
  return Object.keys(outputSchema['properties'] ?? {}).length > 0
}

function dialectOf(era: Era): string {
  return era.modern || era.version === '2025-03-26' ? era.version : 'titled'
}

/** The cache key of a caller's view: scopes, whether it acts for a person, and the bounds of its credential. */
function viewOf(endpoint: Endpoint, { scopes, userId, bounds }: Principal): string {
  let key = userId === undefined ? '-' : '+'
  // safe because: an endpoint's scopes are those of its tools.
  for (const scope of endpoint.scopes) key += scopes.has(scope as Scope) ? '1' : '0'
  if (bounds === undefined) return key
  const { servers, toolsets, readOnly } = bounds
  if (readOnly === true) key += 'r'
  // A credential bound to no server differs from an unbound one.
  return servers === undefined && toolsets === undefined
    ? key
    : `${key}:${[...(servers ?? []), ...(toolsets ?? [])].join()}`
}

function invalidCursor(): RpcError {
  return new RpcError(200, RPC.invalidParams, 'Invalid cursor')
}
