import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessRequest, Authenticate, Principal } from '#kernel/principal'
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
  /** The configured public URL; when undefined, the checked `Host` header of the request is used. */
  readonly publicUrl?: string | undefined
}

/** Authenticates callers and applies rate limits: a valid key has its own counter, other requests count by address. */
export function admission({ authenticate, limiter, clock, publicUrl }: AdmissionOptions) {
  const baseUrl = baseUrlOf(publicUrl)
  const accessRequest = (request: FastifyRequest): AccessRequest => ({
    address: request.ip,
    resource: `${baseUrl(request)}/api`,
  })
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
        principal = await told(reply, () =>
          authenticate(asBearer(request.headers.authorization), accessRequest(request)),
        )
      } catch (error) {
        if (error instanceof Failure && error.kind === 'unauthenticated') await address(request, reply)
        throw error
      }
      await count(...countOf(principal, route), reply)
      return principal
    },
    /** Authenticates an open connection again, whose credential may have been revoked since. */
    again: async (request: FastifyRequest): Promise<Principal> =>
      authenticate(asBearer(request.headers.authorization), accessRequest(request)),
    /** Counts one message of an open connection. */
    message: async (principal: Principal, route: Pick<Route, 'limit' | 'path'>): Promise<void> => {
      await limiter.take(...countOf(principal, route))
    },
    /** Counts a request that needs no credential. */
    anonymous: address,
    /**
     * Counts a request to a public route by address and by limit class. Each strict route has its own counter, so that
     * signing up does not use up the limit for signing in; pages and their assets have other counters.
     */
    guest: (limit: LimitClass, path: string) => async (request: FastifyRequest, reply: FastifyReply) => {
      await address(request, reply)
      if (limit === 'flood') return
      const bucket = addressBucket(request.ip)
      await count(guestBucket(limit), limit === 'strict' ? `${bucket} ${path}` : bucket, reply)
    },
  }
}

/** The rate-limit counter of a route and the principal or address it counts for. */
function countOf(principal: Principal, { limit, path }: Pick<Route, 'limit' | 'path'>): [LimitBucket, string] {
  const { id } = principal.actor
  return [bucketOf(principal, limit), limit === 'strict' ? `${id} ${path}` : id]
}

/** The base URL of this server for a request: the configured public URL, or the checked `Host` header. */
export function baseUrlOf(publicUrl: string | undefined): (request: FastifyRequest) => string {
  const base = publicUrl?.replace(/\/+$/, '')
  return (request) => base ?? `http://${request.host}`
}

/** Tracking clients send the key as the user name of Basic authentication, with no password. */
function asBearer(authorization: string | undefined): string | undefined {
  const basic = /^Basic\s+([\w+/=-]+)\s*$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) return authorization
  const [user = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':', 1)
  // Only API keys are accepted here: browsers fill Basic authentication from URLs, where a token must not be.
  return user.includes('.') ? undefined : `Bearer ${user}`
}

/**
 * The `WWW-Authenticate` header of a 401 or 403 (RFC 6750, section 3), with the URL of the resource metadata
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
