import type { OAuthClient } from '@better-auth/oauth-provider'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import type { Outbound } from '#kernel/outbound/outbound'
import { jwks, links, optional, redirectUris, text } from './client-fields.ts'

const DOCUMENT_BYTES_MAX = 5 * 1024
const FETCH_SECONDS = 5
const FAILURES_MAX = 1000
const FAILURE_MILLISECONDS = 30_000

/** The fields that are read from a client's document. Others are ignored, as the draft requires. */
const Document = z.object({
  ...links,
  client_id: z.string(),
  client_name: optional(text),
  redirect_uris: redirectUris,
  grant_types: z.array(z.string().max(100)).max(10).default(['authorization_code']),
  response_types: z.array(z.string().max(100)).max(10).default(['code']),
  scope: optional(z.string().max(2000)),
  token_endpoint_auth_method: z.enum(['none', 'private_key_jwt']).default('none'),
  application_type: optional(z.enum(['web', 'native'])),
  jwks: optional(jwks),
  // A document is public, so it must not contain a secret.
  client_secret: z.never().optional(),
  client_secret_expires_at: z.never().optional(),
})

/**
 * Whether a client id is the URL of a document that describes the client (Client ID Metadata Documents, draft 00,
 * section 3): https with a path, in normalised form, because client ids are compared as text.
 */
export function isDocumentUrl(clientId: string, allowLoopback: boolean): boolean {
  if (clientId.length > 2048 || !URL.canParse(clientId)) return false
  const url = new URL(clientId)
  if (url.protocol !== 'https:' && !(allowLoopback && url.protocol === 'http:')) return false
  const isPlain = url.username === '' && url.password === '' && !clientId.includes('#')
  return isPlain && url.pathname !== '/' && url.href === clientId
}

/**
 * Fetches and checks the metadata documents of clients. Throws `Failure('invalid')` for an invalid document, and what
 * `outbound` throws. A failure is cached for half a minute, so that this server cannot be used to flood another.
 */
export function clientDocuments(outbound: Outbound, scopes: () => readonly string[]) {
  const failures = new LRUCache<string, Failure>({ max: FAILURES_MAX, ttl: FAILURE_MILLISECONDS })
  return async (clientId: string): Promise<OAuthClient> => {
    const known = failures.get(clientId)
    if (known !== undefined) throw known
    try {
      return await fetchDocument(outbound, clientId, scopes())
    } catch (error) {
      if (error instanceof Failure) failures.set(clientId, error)
      throw error
    }
  }
}

async function fetchDocument(outbound: Outbound, clientId: string, scopes: readonly string[]): Promise<OAuthClient> {
  const { status, body } = await outbound({
    url: clientId,
    integration: 'oauth-client',
    endpoint: 'metadata',
    accept: ['application/json'],
    bytesMax: DOCUMENT_BYTES_MAX,
    timeoutSeconds: FETCH_SECONDS,
  })
  if (status !== 200) throw invalid(`was returned with status ${status}`)
  const outcome = Document.safeParse(jsonOf(body))
  if (!outcome.success) throw invalid(`is invalid at ${outcome.error.issues[0]?.path.join('.') || 'the top level'}`)
  const { client_id, grant_types, redirect_uris, scope, ...rest } = outcome.data
  if (client_id !== clientId) throw invalid('names another client_id')
  // safe because: `Document` checks the fields of the library's schema, and the library checks stricter rules itself.
  return {
    ...rest,
    client_id,
    redirect_uris,
    // A refresh token is issued if `offline_access` is requested and granted, whatever the document lists.
    grant_types: [...new Set([...grant_types, 'refresh_token'])],
    ...(scope !== undefined && { scope: knownScopes(scope, scopes) }),
  } as unknown as OAuthClient
}

/** The scopes that exist here. Unknown ones are dropped, because a document is written for many servers. */
function knownScopes(scope: string, scopes: readonly string[]): string {
  const known = new Set(scopes)
  return scope
    .split(' ')
    .filter((name) => known.has(name))
    .join(' ')
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new Failure('invalid', 'The client metadata document is not JSON.', { code: 'CLIENT_METADATA', cause })
  }
}

function invalid(problem: string): Failure {
  return new Failure('invalid', `The client metadata document ${problem}.`, { code: 'CLIENT_METADATA' })
}
