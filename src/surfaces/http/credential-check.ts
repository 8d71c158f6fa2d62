import type { FastifyRequest } from 'fastify'
import { requireRoute } from '#kernel/calls/permission'
import type { SocketRoute } from '#kernel/calls/socket-route'
import { Failure } from '#kernel/failure'
import type { Principal } from '#kernel/principal'
import type { admission } from './authorization.ts'

/**
 * Makes the check of the credential of an open connection: it is still good, opens the route, and holds what it held at
 * the start. A check that fails tells `failed` and rejects.
 */
export function credentialCheck(
  route: SocketRoute,
  { request, principal }: { readonly request: FastifyRequest; readonly principal: Principal },
  { admit }: { readonly admit: ReturnType<typeof admission> },
  failed: (failure: Failure) => void,
): () => Promise<void> {
  return async () => {
    try {
      const now = await admit.again(request)
      requireRoute(now, route)
      if (!holdsTheSame(principal, now)) throw changed()
    } catch (error) {
      if (error instanceof Failure) failed(error)
      throw error
    }
  }
}

function holdsTheSame(before: Principal, now: Principal): boolean {
  return (
    before.tenantId === now.tenantId &&
    before.role === now.role &&
    before.scopes.size === now.scopes.size &&
    [...before.scopes].every((scope) => now.scopes.has(scope))
  )
}

function changed(): Failure {
  return new Failure('unauthenticated', 'What this credential may do has changed. Connect again.', {
    code: 'CREDENTIAL_CHANGED',
  })
}
