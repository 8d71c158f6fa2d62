import type { Failure } from '#kernel/failure'
import type { Endpoint } from './endpoint.ts'
import { RPC, RpcError } from './rpc.ts'
import type { Reply } from './rpc.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** A protected resource (the audience of tokens), as its metadata document describes it. */
export interface ProtectedResource {
  readonly path: string
  readonly title: string
  readonly scopes: readonly string[]
}

/** The protected resource metadata (RFC 9728). It names no authorization server when only API keys are accepted. */
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

/** The endpoint path that a well-known metadata URL describes: `/mcp` for the bare form; undefined for other URLs. */
export function describedPath(path: string): string | undefined {
  if (path === WELL_KNOWN) return '/mcp'
  return path.startsWith(`${WELL_KNOWN}/`) ? path.slice(WELL_KNOWN.length) : undefined
}

/**
 * The 401 challenge, with the URL of the resource metadata and the useful scopes. It has no `error` when the request
 * carried no credential (RFC 6750, section 3.1).
 */
export function unauthenticated(failure: Failure, endpoint: Endpoint, publicUrl: string, hadKey: boolean): RpcError {
  const challenge = [
    ...(hadKey ? ['error="invalid_token"', `error_description="${quotable(failure.message)}"`] : []),
    ...(endpoint.scopes.length > 0 ? [`scope="${endpoint.scopes.join(' ')}"`] : []),
    `resource_metadata="${metadataUrl(endpoint, publicUrl)}"`,
  ].join(', ')
  return refusal(failure, ['WWW-Authenticate', `Bearer ${challenge}`])
}

/** The 403 challenge, with all scopes that the operation needs, so that the client asks for them at once. */
export function insufficientScope(failure: Failure, endpoint: Endpoint, publicUrl: string): RpcError {
  const challenge = [
    'Bearer error="insufficient_scope"',
    `scope="${failure.scopesNeeded.join(' ')}"`,
    `resource_metadata="${metadataUrl(endpoint, publicUrl)}"`,
    `error_description="${quotable(failure.message)}"`,
  ].join(', ')
  return refusal(failure, ['WWW-Authenticate', challenge])
}

/** The JSON-RPC error for any other expected failure before a tool runs. */
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

/** The resource identifier of an endpoint (RFC 8707): its URL without the query. */
export function resourceOf(endpoint: Pick<Endpoint, 'path'>, publicUrl: string): string {
  return `${publicUrl}${endpoint.path.split('?', 1)[0]}`
}

function metadataUrl(endpoint: Endpoint, publicUrl: string): string {
  return `${publicUrl}${WELL_KNOWN}${endpoint.path.split('?', 1)[0]}`
}

function quotable(text: string): string {
  return text.replaceAll('…', '...').replace(/[^\x20-\x7e]|["\\]/g, ' ')
}
