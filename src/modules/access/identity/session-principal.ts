import { scopesOfRole } from '#kernel/authorization'
import type { ScopeGrant } from '#kernel/authorization'
import type { Principal } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import type { Auth } from './better-auth.ts'
import { findTokenGrant } from './store/grants.ts'
import { findDefaultTenant } from './store/people.ts'

/**
 * Finds the person of the session cookie in these headers, with the scopes of their current role in the session's
 * organisation. Undefined without a session, and for a person without an organisation. Only for pages: code that
 * accepts a cookie must check that one of our own pages sent the request.
 */
export type SessionPrincipal = (headers: Headers) => Promise<Principal | undefined>

export function sessionPrincipal(parts: {
  readonly auth: () => Promise<Auth>
  readonly system: Db
  readonly scopes: () => readonly ScopeGrant[]
}): SessionPrincipal {
  const { system, scopes } = parts
  return async (headers) => {
    const { api } = await parts.auth()
    const found = await api.getSession({ headers })
    if (found === null) return undefined
    const { user, session } = found
    const active: unknown = 'activeOrganizationId' in session ? session.activeOrganizationId : undefined
    const tenantId = await findDefaultTenant(system, user.id, typeof active === 'string' ? active : undefined)
    if (tenantId === undefined) return undefined
    const grant = await findTokenGrant({ db: system }, { userId: user.id, tenantId, sessionId: session.id })
    if (grant === undefined) return undefined
    const { role } = grant
    return {
      tenantId,
      actor: { kind: 'user', id: user.id },
      scopes: scopesOfRole(scopes(), role),
      userId: user.id,
      role,
    }
  }
}
