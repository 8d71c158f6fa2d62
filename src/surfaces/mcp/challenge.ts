import type { Failure } from '#kernel/failure'
import type { Endpoint } from './endpoint.ts'
import { RPC, RpcError } from './rpc.ts'
import type { Reply } from './rpc.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Something that tokens are made for, as its document shows it. */
export interface ProtectedResource {
  readonly path: string
  readonly title: string
  readonly scopes: readonly string[]
}

/** The document of RFC 9728. It names no authorization server where there is none to ask: API keys alone are taken. */
export function resourceMetadata(resource: ProtectedResource, publicUrl: string, issuers: readonly string[]): Reply {
  const body = JSON.stringify({
    resource: resourceOf(resource, publicUrl),
    resource_name: resource.title,
    ...(issuers.length > 0 && { authorization_servers: issuers }),
    scopes_supported: resource.scopes,
    bearer_methods_supported: ['header'],
  })
  return { status: 200, body }
}

/** The path of the endpoint that a well-known URL describes: `/mcp` for the bare form; undefined for other URLs. */
export function describedPath(path: string): string | undefined {
  if (path === WELL_KNOWN) return '/mcp'
  return path.startsWith(`${WELL_KNOWN}/`) ? path.slice(WELL_KNOWN.length) : undefined
}

/**
 * 401: who are you? Names the document that says how to get in, and the scopes that are of use here. Whoever brought no
 * key is told of no error (RFC 6750, section 3.1).
 */
export function unauthenticated(failure: Failure, endpoint: Endpoint, publicUrl: string, hadKey: boolean): RpcError {
  const challenge = [
    ...(hadKey ? ['error="invalid_token"', `error_description="${quotable(failure.message)}"`] : []),
    ...(endpoint.scopes.length > 0 ? [`scope="${endpoint.scopes.join(' ')}"`] : []),
    `resource_metadata="${metadataUrl(endpoint, publicUrl)}"`,
  ].join(', ')
  return refusal(failure, ['WWW-Authenticate', `Bearer ${challenge}`])
}

/** 403: all scopes that the operation needs, so that the caller asks for them once. */
export function insufficientScope(failure: Failure, endpoint: Endpoint, publicUrl: string): RpcError {
  const challenge = [
    'Bearer error="insufficient_scope"',
    `scope="${failure.scopesNeeded.join(' ')}"`,
    `resource_metadata="${metadataUrl(endpoint, publicUrl)}"`,
    `error_description="${quotable(failure.message)}"`,
  ].join(', ')
  return refusal(failure, ['WWW-Authenticate', challenge])
}

/** Any other expected failure that ends the request before a tool runs. */
export function refusal(failure: Failure, headers: readonly string[] = []): RpcError {
  const { kind, code, status, message, scopesNeeded, retryAfterSeconds } = failure
  const retry = retryAfterSeconds === undefined ? [] : ['Retry-After', String(Math.ceil(retryAfterSeconds))]
  return new RpcError(code === 'NOT_ACCEPTABLE' ? 406 : status, RPC.refused, message, {
    data: {
      kind,
      code,
      ...(scopesNeeded.length > 0 && { scopesNeeded }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    },
    headers: [...headers, ...retry],
  })
}

/** The identifier of the endpoint as a protected resource (RFC 8707): its URL without the query. */
export function resourceOf(endpoint: Pick<Endpoint, 'path'>, publicUrl: string): string {
  return `${publicUrl}${endpoint.path.split('?', 1)[0]}`
}

function metadataUrl(endpoint: Endpoint, publicUrl: string): string {
  return `${publicUrl}${WELL_KNOWN}${endpoint.path.split('?', 1)[0]}`
}

function quotable(text: string): string {
  return text.replaceAll('…', '...').replace(/[^\x20-\x7e]|["\\]/g, ' ')
}
