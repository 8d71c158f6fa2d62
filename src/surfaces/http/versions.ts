import type { FastifyReply, FastifyRequest } from 'fastify'

/** The day on which `/api/…` without a version became a deprecated alias of `/api/v1/…`. */
const UNVERSIONED_SINCE = '2026-11-21T00:00:00Z'
const SUNSET_DAYS = 90

const SUNSET = new Date(Date.parse(UNVERSIONED_SINCE) + SUNSET_DAYS * 86_400_000).toUTCString()
const UNVERSIONED = /^\/api\/(?!v\d+(?:[/?]|$))/

/** Rewrites `/api/clients` to `/api/v1/clients`; other URLs stay as they are. */
export function versioned(url: string): string {
  return UNVERSIONED.test(url) ? `/api/v1/${url.slice('/api/'.length)}` : url
}

/** Sets `Deprecation`, `Sunset` and `Link` on the answer to a path without a version. */
export function announceSuccessor(request: FastifyRequest, reply: FastifyReply): void {
  if (request.is404 || request.originalUrl === request.url || !UNVERSIONED.test(request.originalUrl)) return
  reply.header('Deprecation', 'true')
  reply.header('Sunset', SUNSET)
  reply.header('Link', `<${versioned(request.originalUrl)}>; rel="successor-version"`)
}
