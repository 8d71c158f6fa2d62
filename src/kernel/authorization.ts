import type { Scope } from './context.ts'

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

/** The scopes that a role holds by the table. */
export function scopesOfRole(table: readonly ScopeGrant[], role: Role): ReadonlySet<Scope> {
  const rank = ROLES.indexOf(role)
  return new Set(table.filter(({ least }) => ROLES.indexOf(least) <= rank).map(({ scope }) => scope))
}
