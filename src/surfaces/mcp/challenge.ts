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

/**
 * The protected resource metadata (RFC 9728). It names no authorization server when only API keys are accepted. Clients
 * compare `resource` with the URL they were given, so it ends with a slash if `describedAs`, the path of the request, does.
 */
export function resourceMetadata(
  resource: ProtectedResource,
  { publicUrl, describedAs }: { readonly publicUrl: string; readonly describedAs: string },
  issuers: readonly string[],
): Reply {
  const body = JSON.stringify({
    resource: `${resourceOf(resource, publicUrl)}${finalSlash(describedAs)}`,
    resource_name: resource.title,
    ...(issuers.length > 0 && { authorization_servers: issuers }),
    scopes_supported: resource.scopes,
    bearer_methods_supported: ['header'],
  })
  return { status: 200, body }
}

/** The endpoint path that a well-known metadata URL describes: `/mcp` for the bare form; undefined for other URLs. */
export function describedPath(path: string): string | undefined {
  if (path === WELL_KNOWN || path === `${WELL_KNOWN}/`) return '/mcp'
  return path.startsWith(`${WELL_KNOWN}/`) ? path.slice(WELL_KNOWN.length).replace(/\/$/, '') : undefined
}

/** The endpoint that refuses a request, and the URL of the request: a path and a query. */
export interface Challenged {
  readonly endpoint: Endpoint
  readonly publicUrl: string
  readonly url: string
}

/**
 * The 401 challenge, with the URL of the resource metadata and the useful scopes. It has no `error` when the request
 * carried no credential (RFC 6750, section 3.1).
 */
export function unauthenticated(failure: Failure, at: Challenged, hadKey: boolean): RpcError {
  const { endpoint } = at
  const challenge = [
    ...(hadKey ? ['error="invalid_token"', `error_description="${quotable(failure.message)}"`] : []),
    ...(endpoint.scopes.length > 0 ? [`scope="${endpoint.scopes.join(' ')}"`] : []),
    `resource_metadata="${metadataUrl(at)}"`,
  ].join(', ')
  return refusal(failure, ['WWW-Authenticate', `Bearer ${challenge}`])
}

/** The 403 challenge, with all scopes that the operation needs, so that the client asks for them at once. */
export function insufficientScope(failure: Failure, at: Challenged): RpcError {
  const challenge = [
    'Bearer error="insufficient_scope"',
    `scope="${failure.scopesNeeded.join(' ')}"`,
    `resource_metadata="${metadataUrl(at)}"`,
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

function metadataUrl({ endpoint, publicUrl, url }: Challenged): string {
  const [path = ''] = endpoint.path.split('?', 1)
  return `${publicUrl}${WELL_KNOWN}${path}${finalSlash(url.split('?', 1)[0] ?? '')}`
}

const finalSlash = (path: string) => (path.endsWith('/') ? '/' : '')

function quotable(text: string): string {
  return text.replaceAll('…', '...').replace(/[^\x20-\x7e]|["\\]/g, ' ')
}
