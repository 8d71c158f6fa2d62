import type { Bounds, Principal } from '../principal.ts'
import { Failure } from '../failure.ts'
import type { Route } from './route.ts'
import { requireScope } from '../writes/scope.ts'
import type { ToolEntry } from './tool-catalogue.ts'

/** Whether the caller may use the tool. Tools that they may not use are not listed. */
export function mayUseTool(principal: Principal, entry: ToolEntry): boolean {
  const { tool, open } = entry
  if (open === true) return true
  if (!tool.scopes.every((scope) => principal.scopes.has(scope))) return false
  if (principal.bounds !== undefined && !boundsAllowTool(principal.bounds, entry)) return false
  return tool.personal !== true || principal.userId !== undefined
}

/** Throws `Failure('forbidden')` unless `mayUseTool`; the message names the condition that is not met. */
export function requireTool(principal: Principal, entry: ToolEntry): void {
  if (mayUseTool(principal, entry)) return
  const { name, scopes } = entry.tool
  if (principal.bounds !== undefined && !boundsAllowTool(principal.bounds, entry)) throw outOfBounds(name)
  const missing = scopes.find((scope) => !principal.scopes.has(scope))
  if (missing === undefined) throw needsPerson(name)
  const message = `${name} needs the scope ${missing}, which the key does not have.`
  throw new Failure('forbidden', message, { scopesNeeded: [missing] })
}

/** The properties of a route that decide who may use it. `server` is the MCP server of the route's module. */
export type GuardedRoute = Pick<Route, 'method' | 'path' | 'scopes' | 'changes' | 'personal' | 'server'>

/** Throws `Failure('forbidden')` unless the caller may use the route. */
export function requireRoute(principal: Principal, route: GuardedRoute): void {
  const { bounds } = principal
  const name = `${route.method} ${route.path}`
  if (bounds !== undefined && !boundsAllowRoute(bounds, route)) throw outOfBounds(name)
  for (const scope of route.scopes) requireScope(principal, scope)
  if (route.personal === true && principal.userId === undefined) throw needsPerson(name)
}

/** Whether the bounds allow a tool: one of a listed server or of a listed toolset. */
function boundsAllowTool({ servers, toolsets, readOnly }: Bounds, { tool, server, toolset }: ToolEntry): boolean {
  if (readOnly === true && tool.effect !== 'read') return false
  if (servers === undefined && toolsets === undefined) return true
  return servers?.has(server.name) === true || toolsets?.has(`${server.name}/${toolset}`) === true
}

/** Whether the bounds allow a route. Toolsets have no routes, so bounds of toolsets alone allow none. */
function boundsAllowRoute({ servers, toolsets, readOnly }: Bounds, { changes, server }: GuardedRoute): boolean {
  if (readOnly === true && changes) return false
  if (servers === undefined && toolsets === undefined) return true
  return server !== undefined && servers?.has(server) === true
}

function outOfBounds(name: string): Failure {
  return new Failure('forbidden', `${name} is outside what this key is bound to.`, { code: 'OUT_OF_BOUNDS' })
}

function needsPerson(name: string): Failure {
  const message = `${name} works on a person's own things, and this key acts for no person. Use a key that a person made.`
  return new Failure('forbidden', message, { code: 'USER_REQUIRED' })
}
