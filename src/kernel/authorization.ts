import type { Scope } from './context.ts'
import type { Module } from './module.ts'

/** The roles of people in a tenant, from least to most: each holds what the one before it holds. */
export const ROLES = ['read-only', 'member', 'manager', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

/** One line of the table of scopes: what it lets a caller do, and the least role whose people hold it. */
export interface ScopeGrant {
  readonly scope: Scope
  /** Completes "lets a caller …"; shown where a person grants it, and in `docs/authorization.md`. */
  readonly describe: string
  readonly least: Role
  /**
   * Granted to no OAuth client: it makes or ends credentials and accounts, and what a client made with it would outlive
   * the consent that it rests on.
   */
  readonly peopleOnly?: true
}

/** The table of scopes: the lines of all modules. */
export function scopeTable(modules: readonly Module[]): readonly ScopeGrant[] {
  return modules.flatMap((module) => module.scopes ?? [])
}

/** The lines of the table that a person may grant to an OAuth client. */
export function forClients(table: readonly ScopeGrant[]): readonly ScopeGrant[] {
  return table.filter(({ peopleOnly }) => peopleOnly !== true)
}

/** The scopes that a role holds by the table. */
export function scopesOfRole(table: readonly ScopeGrant[], role: Role): ReadonlySet<Scope> {
  const rank = ROLES.indexOf(role)
  return new Set(table.filter(({ least }) => ROLES.indexOf(least) <= rank).map(({ scope }) => scope))
}

/** One thing that can be reached or that runs, and the scope it asks for or the reason why it asks for none. */
export interface Door {
  readonly kind: 'tool' | 'route' | 'open route' | 'web page' | 'document' | 'job'
  /** `list_clients`, `POST /v1/track`, `customers.roll-up`. */
  readonly name: string
  readonly module: string
  /** Of a job: all that it holds. */
  readonly scopes: readonly Scope[]
  /** Why whoever asks is answered. */
  readonly public?: string
  /** Where HTTP reaches it by itself. */
  readonly http?: { readonly methods: readonly string[]; readonly path: string }
  /** It may change something, so a read-only credential is refused. */
  readonly changes: boolean
}

/** Everything the modules bring that can be reached or that runs. */
export function doorsOf(modules: readonly Module[]): readonly Door[] {
  return modules.flatMap((module) => [
    ...toolDoors(module),
    ...routeDoors(module),
    ...openDoors(module),
    ...jobDoors(module),
  ])
}

function toolDoors({ name: module, server }: Module): Door[] {
  const tools = Object.values(server?.toolsets ?? {}).flat()
  return tools.map(({ name, scope, effect }) => ({
    kind: 'tool',
    name,
    module,
    scopes: [scope],
    changes: effect !== 'read',
  }))
}

function routeDoors({ name: module, routes = [] }: Module): Door[] {
  return routes.map(({ method, path, scope }) => ({
    kind: 'route',
    name: `${method} ${path}`,
    module,
    scopes: [scope],
    http: { methods: [method], path },
    changes: method !== 'GET' || scope.endsWith(':write'),
  }))
}

function openDoors({ name: module, openRoutes = [], web = [] }: Module): Door[] {
  const asks = { module, scopes: [] }
  return [
    ...openRoutes.map(
      ({ method, path, public: reason }): Door => ({
        ...{ ...asks, kind: 'open route', name: `${method} ${path}`, public: reason, changes: method !== 'GET' },
        http: { methods: [method], path },
      }),
    ),
    ...web.map(
      ({ methods, path, public: reason }): Door => ({
        ...{ ...asks, kind: 'web page', name: `${methods.join(', ')} ${path}`, public: reason },
        http: { methods, path },
        changes: methods.includes('POST'),
      }),
    ),
  ]
}

function jobDoors({ name: module, jobs = [] }: Module): Door[] {
  return jobs.map(({ name, scopes }) => ({ kind: 'job', name, module, scopes, changes: true }))
}

/** Shorter than any reason that says something. */
const REASON_CHARACTERS_MIN = 15

/**
 * Throws unless the table is sound and every door states its place in it: a scope of the table, or the reason why it is
 * public. Names everything that is wrong, so that none of it is ever served.
 */
export function requireAuthorization(table: readonly ScopeGrant[], doors: readonly Door[]): void {
  const known = new Set(table.map(({ scope }) => scope))
  const problems = [...table.flatMap((grant) => problemsOfGrant(grant, table)), ...doors.flatMap(problemsOfDoor(known))]
  if (problems.length === 0) return
  throw new Error(`What is served does not say who may use it:\n- ${problems.join('\n- ')}`)
}

function problemsOfGrant({ scope, describe, least }: ScopeGrant, table: readonly ScopeGrant[]): string[] {
  const problems: string[] = []
  if (!/^[a-z][a-z0-9-]*:(read|write)$/.test(scope)) problems.push('its form is <part>:read or <part>:write')
  if (describe.trim() === '') problems.push('it does not say what it lets a caller do')
  if (!ROLES.includes(least)) problems.push(`there is no role ${least}`)
  if (table.filter((other) => other.scope === scope).length > 1) problems.push('it is in the table twice')
  return problems.map((problem) => `scope ${scope}: ${problem}`)
}

function problemsOfDoor(known: ReadonlySet<string>): (door: Door) => string[] {
  return ({ kind, name: own, scopes, public: reason }) => {
    const name = `${kind} ${own}`
    const unknown = scopes
      .filter((scope) => !known.has(scope))
      .map((scope) => `${name}: no module lists its scope ${scope}`)
    const isStated = scopes.length > 0 || kind === 'job' || (reason ?? '').trim().length >= REASON_CHARACTERS_MIN
    return isStated ? unknown : [...unknown, `${name}: it asks for no scope and does not say why`]
  }
}
