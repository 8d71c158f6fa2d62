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
  /** Records reads and refusals in the audit. */
  readonly noteAccess?: NoteAccess
}

/** The checks of every route with a scope: credential, limits, scope, bounds of the key, and the audit of reads. */
export function routeGuard(route: GuardedRoute & { readonly limit?: LimitClass }, { admit, noteAccess }: GuardOptions) {
  const principals = new WeakMap<FastifyRequest, Principal>()
  const action = `http.${route.method} ${route.path}`
  const note = ({ id, params }: FastifyRequest, principal: Principal, status: AccessStatus): void =>
    noteAccess?.(principal, id, action, params, status)
  /** Runs the work and records a failure in the audit. */
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
    /** Runs before the body is read. */
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
