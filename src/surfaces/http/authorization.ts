import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Authenticate, Presented, Principal } from '#kernel/principal'
import type { Clock } from '#kernel/clock'
import { addressBucket } from '#kernel/network/address'
import { Failure } from '#kernel/failure'
import { OverLimit, bucketOf, guestBucket } from '#kernel/calls/limits'
import type { LimitBucket, Limiter, RateState } from '#kernel/calls/limits'
import type { LimitClass, Route } from '#kernel/calls/route'
import { refuseCredentialInUrl } from './credential-in-url.ts'

export interface AdmissionOptions {
  readonly authenticate: Authenticate
  readonly limiter: Limiter
  readonly clock: Clock
  /** The configured URL of this server; without it, the `Host` a caller used, which was checked. */
  readonly publicUrl?: string | undefined
}

/** Who calls, within the limits. A valid key counts for itself; anything else counts for its address. */
export function admission({ authenticate, limiter, clock, publicUrl }: AdmissionOptions) {
  const baseUrl = baseUrlOf(publicUrl)
  const doorOf = (request: FastifyRequest): Presented => ({ address: request.ip, resource: `${baseUrl(request)}/api` })
  const tell = (reply: FastifyReply, { limit, remaining, resetSeconds }: RateState): void => {
    if (limit === Infinity) return
    reply.header('X-RateLimit-Limit', limit)
    reply.header('X-RateLimit-Remaining', remaining)
    reply.header('X-RateLimit-Reset', Math.ceil(clock().getTime() / 1000) + resetSeconds)
  }
  const told = async <T>(reply: FastifyReply, work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (error instanceof OverLimit) tell(reply, error.rate)
      throw error
    }
  }
  const count = async (bucket: LimitBucket, id: string, reply: FastifyReply): Promise<void> =>
    tell(reply, await told(reply, () => limiter.take(bucket, id)))
  const address = async (request: FastifyRequest, reply: FastifyReply) => count('ip', addressBucket(request.ip), reply)
  return {
    async principal(
      request: FastifyRequest,
      reply: FastifyReply,
      route: Pick<Route, 'limit' | 'path'>,
    ): Promise<Principal> {
      refuseCredentialInUrl(request.originalUrl)
      let principal: Principal
      try {
        principal = await told(reply, () => authenticate(asBearer(request.headers.authorization), doorOf(request)))
      } catch (error) {
        if (error instanceof Failure && error.kind === 'unauthenticated') await address(request, reply)
        throw error
      }
      await count(...countOf(principal, route), reply)
      return principal
    },
    /** Looks at the credential of an open connection again, which may have been revoked since. */
    again: async (request: FastifyRequest): Promise<Principal> =>
      authenticate(asBearer(request.headers.authorization), doorOf(request)),
    /** Counts one message of an open connection. */
    message: async (principal: Principal, route: Pick<Route, 'limit' | 'path'>): Promise<void> => {
      await limiter.take(...countOf(principal, route))
    },
    /** Counts a request that needs no credential. */
    anonymous: address,
    /**
     * Counts a request to a public route: against the address, and against its class. Each strict route has a count of
     * its own, so that whoever signs up can sign in; pages and what they load are not counted with those.
     */
    guest: (limit: LimitClass, path: string) => async (request: FastifyRequest, reply: FastifyReply) => {
      await address(request, reply)
      if (limit === 'flood') return
      const bucket = addressBucket(request.ip)
      await count(guestBucket(limit), limit === 'strict' ? `${bucket} ${path}` : bucket, reply)
    },
  }
}

/** Where a call of this route counts, and for whom. */
function countOf(principal: Principal, { limit, path }: Pick<Route, 'limit' | 'path'>): [LimitBucket, string] {
  const { id } = principal.actor
  return [bucketOf(principal, limit), limit === 'strict' ? `${id} ${path}` : id]
}

/** The URL under which callers reach this server: the configured one, or the `Host` they used, which was checked. */
export function baseUrlOf(publicUrl: string | undefined): (request: FastifyRequest) => string {
  const base = publicUrl?.replace(/\/+$/, '')
  return (request) => base ?? `http://${request.host}`
}

/** Tracking clients send the key as the user name of Basic authentication, with no password. */
function asBearer(authorization: string | undefined): string | undefined {
  const basic = /^Basic\s+([\w+/=-]+)\s*$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) return authorization
  const [user = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':', 1)
  // A key at most: a token does not belong where browsers take it from a URL.
  return user.includes('.') ? undefined : `Bearer ${user}`
}

/**
 * The `WWW-Authenticate` that a 401 or 403 carries (RFC 6750, section 3), with the document that says how to get a token
 * (RFC 9728, 5.1).
 */
export function challengeOf(failure: Failure, hadKey: boolean, baseUrl: string): string | undefined {
  const realm = 'Bearer realm="plimsoll"'
  const metadata = `resource_metadata="${baseUrl}/.well-known/oauth-protected-resource/api"`
  if (failure.kind === 'unauthenticated')
    return [realm, ...(hadKey ? ['error="invalid_token"'] : []), metadata].join(', ')
  if (failure.kind !== 'forbidden' || failure.scopesNeeded.length === 0) return undefined
  return `${realm}, error="insufficient_scope", scope="${failure.scopesNeeded.join(' ')}", ${metadata}`
}
