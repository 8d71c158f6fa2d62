import type { FastifyRequest } from 'fastify'
import { requireRoute } from '#kernel/calls/permission'
import type { SocketRoute } from '#kernel/calls/socket-route'
import { Failure } from '#kernel/failure'
import type { Principal } from '#kernel/principal'
import type { admission } from './authorization.ts'

/**
 * Creates the repeated credential check of an open connection: the credential must still be valid, still open the
 * route, and have the same grants as at the start. A failed check calls `failed` and rejects.
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
  return new Failure('unauthenticated', 'The permissions of this credential have changed. Connect again.', {
    code: 'CREDENTIAL_CHANGED',
  })
}
