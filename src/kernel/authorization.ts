import { ROLES } from './principal.ts'
import type { Role, Scope } from './principal.ts'

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

/** The lines of the table that a person may grant to an OAuth client. */
export function forClients(table: readonly ScopeGrant[]): readonly ScopeGrant[] {
  return table.filter(({ peopleOnly }) => peopleOnly !== true)
}

/** The scopes that a role holds by the table. */
export function scopesOfRole(table: readonly ScopeGrant[], role: Role): ReadonlySet<Scope> {
  const rank = ROLES.indexOf(role)
  return new Set(table.filter(({ least }) => ROLES.indexOf(least) <= rank).map(({ scope }) => scope))
}
