import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessStatus, NoteAccess } from '#kernel/audit/access-notes'
import { requireRoute } from '#kernel/calls/permission'
import type { GuardedRoute } from '#kernel/calls/permission'
import type { LimitClass } from '#kernel/calls/route'
import type { Principal } from '#kernel/principal'
import type { admission } from './authorization.ts'
import { expectedFailure } from './envelope.ts'

export interface GuardOptions {
  readonly admit: ReturnType<typeof admission>
  /** Tells the audit trail who read, or was refused, what. */
  readonly noteAccess?: NoteAccess
}

/** What stands before every route that asks for a scope: the caller's key, limits, scope and bounds, and the audit trail. */
export function routeGuard(route: GuardedRoute & { readonly limit?: LimitClass }, { admit, noteAccess }: GuardOptions) {
  const principals = new WeakMap<FastifyRequest, Principal>()
  const action = `http.${route.method} ${route.path}`
  const note = ({ id, params }: FastifyRequest, principal: Principal, status: AccessStatus): void =>
    noteAccess?.(principal, id, action, params, status)
  /** Tells the trail when the work fails. */
  const noted = async <T>(request: FastifyRequest, principal: Principal, work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      note(request, principal, expectedFailure(error)?.kind ?? 'bug')
      throw error
    }
  }
  return {
    note,
    noted,
    /** Before the body is read. */
    async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const principal = await admit.principal(request, reply, route)
      principals.set(request, principal)
      await noted(request, principal, () => requireRoute(principal, route))
    },
    principalOf(request: FastifyRequest): Principal {
      const principal = principals.get(request)
      if (principal === undefined) throw new Error('a handler ran before its caller was known')
      return principal
    },
  }
}
