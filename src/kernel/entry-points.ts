import { ROLES } from './principal.ts'
import type { Scope } from './principal.ts'
import type { ScopeGrant } from './authorization.ts'
import type { Route } from './calls/route.ts'
import type { Module } from './module.ts'

/** The scope table: the scopes of all modules. */
export function scopeTable(modules: readonly Module[]): readonly ScopeGrant[] {
  return modules.flatMap((module) => module.scopes ?? [])
}

/** An entry point (tool, route, stream, socket, page, document, job) and its required scope. */
export interface EntryPoint {
  readonly kind: 'tool' | 'route' | 'stream' | 'socket' | 'open route' | 'web page' | 'document' | 'job'
  /** `list_clients`, `POST /v1/track`, `customers.roll-up`. */
  readonly name: string
  readonly module: string
  /** The scopes a caller needs; for a job, the scopes that it runs with. */
  readonly scopes: readonly Scope[]
  /** Why it is public. */
  readonly public?: string
  /** Its HTTP address; absent for tools and jobs. */
  readonly http?: { readonly methods: readonly string[]; readonly path: string }
  /** Whether it may change data; a read-only credential is then refused. */
  readonly changes: boolean
}

/** Every entry point of the modules. */
export function entryPointsOf(modules: readonly Module[]): readonly EntryPoint[] {
  return modules.flatMap((module) => [
    ...toolEntries(module),
    ...routeEntries(module),
    ...openEntries(module),
    ...jobEntries(module),
  ])
}

function toolEntries({ name: module, server }: Module): EntryPoint[] {
  const tools = Object.values(server?.toolsets ?? {}).flat()
  return tools.map(({ name, scopes, effect }) => ({
    kind: 'tool',
    name,
    module,
    scopes,
    changes: effect !== 'read',
  }))
}

function routeEntries({ name: module, routes = [], streams = [], sockets = [] }: Module): EntryPoint[] {
  const entry =
    (kind: EntryPoint['kind']) =>
    ({ method, path, scopes, changes }: Pick<Route, 'method' | 'path' | 'scopes' | 'changes'>): EntryPoint => ({
      kind,
      name: `${method} ${path}`,
      module,
      scopes,
      http: { methods: [method], path },
      changes,
    })
  return [...routes.map(entry('route')), ...streams.map(entry('stream')), ...sockets.map(entry('socket'))]
}

function openEntries({ name: module, openRoutes = [], web = [] }: Module): EntryPoint[] {
  const common = { module, scopes: [] }
  return [
    ...openRoutes.map(
      ({ method, path, public: reason }): EntryPoint => ({
        ...common,
        kind: 'open route',
        name: `${method} ${path}`,
        public: reason,
        changes: method !== 'GET',
        http: { methods: [method], path },
      }),
    ),
    ...web.map(
      ({ methods, path, public: reason }): EntryPoint => ({
        ...common,
        kind: 'web page',
        name: `${methods.join(', ')} ${path}`,
        public: reason,
        http: { methods, path },
        changes: methods.includes('POST'),
      }),
    ),
  ]
}

function jobEntries({ name: module, jobs = [] }: Module): EntryPoint[] {
  return jobs.map(({ name, scopes }) => ({ kind: 'job', name, module, scopes, changes: true }))
}

/** A shorter text is not accepted as a reason. */
const REASON_CHARACTERS_MIN = 15

/**
 * Throws unless the scope table is valid and every entry point names a scope of it, or the reason why it is public. The
 * message lists every problem.
 */
export function requireAuthorization(table: readonly ScopeGrant[], entryPoints: readonly EntryPoint[]): void {
  const known = new Set(table.map(({ scope }) => scope))
  const problems = [
    ...table.flatMap((grant) => problemsOfGrant(grant, table)),
    ...entryPoints.flatMap(problemsOfEntryPoint(known)),
  ]
  if (problems.length === 0) return
  throw new Error(`Entry points or scopes are not declared correctly:\n- ${problems.join('\n- ')}`)
}

function problemsOfGrant({ scope, describe, least }: ScopeGrant, table: readonly ScopeGrant[]): string[] {
  const problems: string[] = []
  if (!/^[a-z][a-z0-9-]*:(read|write)$/.test(scope)) problems.push('its form is <part>:read or <part>:write')
  if (describe.trim() === '') problems.push('its description is empty')
  if (!ROLES.includes(least)) problems.push(`its lowest role ${least} does not exist`)
  if (table.filter((other) => other.scope === scope).length > 1) problems.push('it is in the table twice')
  return problems.map((problem) => `scope ${scope}: ${problem}`)
}

function problemsOfEntryPoint(known: ReadonlySet<string>): (entry: EntryPoint) => string[] {
  return ({ kind, name: own, scopes, public: reason }) => {
    const name = `${kind} ${own}`
    const unknown = scopes
      .filter((scope) => !known.has(scope))
      .map((scope) => `${name}: no module lists its scope ${scope}`)
    const isStated = scopes.length > 0 || kind === 'job' || (reason ?? '').trim().length >= REASON_CHARACTERS_MIN
    return isStated ? unknown : [...unknown, `${name}: it requires no scope and gives no reason for being public`]
  }
}
