import { Failure } from '../failure.ts'
import type { Principal, Scope } from '../principal.ts'

/** Throws `Failure('forbidden')` unless the caller has the scope. */
export function requireScope(principal: Principal, scope: Scope): void {
  if (principal.scopes.has(scope)) return
  throw new Failure('forbidden', `This needs the scope ${scope}, which the key does not have.`, {
    scopesNeeded: [scope],
  })
}
