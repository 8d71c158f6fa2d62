import type { Scope } from './context.ts'
import type { Job } from './jobs.ts'
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
}

/** The table of scopes: the lines of all modules. */
export function scopeTable(modules: readonly Module[]): readonly ScopeGrant[] {
  return modules.flatMap((module) => module.scopes ?? [])
}

/** The scopes that a role holds by the table. */
export function scopesOfRole(table: readonly ScopeGrant[], role: Role): ReadonlySet<Scope> {
  const rank = ROLES.indexOf(role)
  return new Set(table.filter(({ least }) => ROLES.indexOf(least) <= rank).map(({ scope }) => scope))
}

/** One thing that can be reached or that runs, and the scope it asks for or the reason why it asks for none. */
export interface Door {
  /** `tool list_clients`, `route POST /v1/track`, `job customers.roll-up`. */
  readonly name: string
  readonly kind: 'tool' | 'route' | 'open route' | 'web page' | 'document' | 'job'
  readonly module: string
  /** Of a job: all that it holds. */
  readonly scopes: readonly Scope[]
  /** Why whoever asks is answered. */
  readonly public?: string
}

/** Everything the modules bring that can be reached or that runs. */
export function doorsOf(modules: readonly Module[], kernelJobs: readonly Job[] = []): readonly Door[] {
  return [...modules.flatMap(doorsOfModule), ...kernelJobs.map((job) => jobDoor('kernel', job))]
}

function doorsOfModule(module: Module): Door[] {
  const { name, server, routes = [], openRoutes = [], web = [], jobs = [] } = module
  const tools = Object.values(server?.toolsets ?? {}).flat()
  const isPublic = { module: name, scopes: [] }
  return [
    ...tools.map((tool) => ({
      ...{ name: `tool ${tool.name}`, kind: 'tool', module: name, scopes: [tool.scope] },
    })),
    ...routes.map(({ method, path, scope }) => ({
      ...{ name: `route ${method} ${path}`, kind: 'route', module: name, scopes: [scope] },
    })),
    ...openRoutes.map(({ method, path, public: reason }) => ({
      ...{ name: `open route ${method} ${path}`, kind: 'open route', ...isPublic, public: reason },
    })),
    ...web.map(({ methods, path, public: reason }) => ({
      ...{ name: `web page ${methods.join(', ')} ${path}`, kind: 'web page', ...isPublic, public: reason },
    })),
    ...jobs.map((job) => jobDoor(name, job)),
  ] as Door[] // safe because: each literal above is a door; spreading widens `kind` to text.
}

const jobDoor = (module: string, { name, scopes }: Job): Door => ({ name: `job ${name}`, kind: 'job', module, scopes })

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
  if (!ROLES.includes(least)) problems.push(`there is no role ${String(least)}`)
  if (table.filter((other) => other.scope === scope).length > 1) problems.push('it is in the table twice')
  return problems.map((problem) => `scope ${scope}: ${problem}`)
}

function problemsOfDoor(known: ReadonlySet<string>): (door: Door) => string[] {
  return ({ name, kind, scopes, public: reason }) => {
    const unknown = scopes
      .filter((scope) => !known.has(scope))
      .map((scope) => `${name}: no module lists its scope ${scope}`)
    const isStated = scopes.length > 0 || kind === 'job' || (reason ?? '').trim().length >= REASON_CHARACTERS_MIN
    return isStated ? unknown : [...unknown, `${name}: it asks for no scope and does not say why`]
  }
}
