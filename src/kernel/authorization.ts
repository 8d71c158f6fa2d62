import { ROLES } from './principal.ts'
import type { Role, Scope } from './principal.ts'

/** One scope of the scope table: what it allows, and the lowest role that has it. */
export interface ScopeGrant {
  readonly scope: Scope
  /** Completes "lets a caller …". Shown on the consent page and in `docs/authorization.md`. */
  readonly describe: string
  readonly least: Role
  /**
   * Never granted to an OAuth client: the scope creates or ends credentials and accounts, and those would outlive the
   * person's consent to the client.
   */
  readonly peopleOnly?: true
}

/** The scopes that a person may grant to an OAuth client. */
export function forClients(table: readonly ScopeGrant[]): readonly ScopeGrant[] {
  return table.filter(({ peopleOnly }) => peopleOnly !== true)
}

/** The scopes of a role. */
export function scopesOfRole(table: readonly ScopeGrant[], role: Role): ReadonlySet<Scope> {
  const rank = ROLES.indexOf(role)
  return new Set(table.filter(({ least }) => ROLES.indexOf(least) <= rank).map(({ scope }) => scope))
}
