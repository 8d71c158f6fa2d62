import { scopesOfRole } from '#kernel/authorization'
import type { ScopeGrant } from '#kernel/authorization'
import type { Principal } from '#kernel/principal'
import type { Db } from '#kernel/database/db'
import type { Auth } from './better-auth.ts'
import { findTokenGrant } from './store/grants.ts'
import { findDefaultTenant } from './store/people.ts'

/**
 * The person whose session cookie these headers carry, in the organisation that the session works in, with what their
 * role holds there today. Undefined without a session, and for who is in no organisation. For pages alone: whatever
 * takes a cookie must check that a page of ours sent the request.
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
