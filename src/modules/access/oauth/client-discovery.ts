import type { ClientDiscovery, OAuthOptions } from '@better-auth/oauth-provider'
import { registerClientMetadataDocument } from '@better-auth/oauth-provider/internal'
import { APIError } from 'better-auth/api'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import type { Outbound } from '#kernel/outbound/outbound'
import { clientDocuments, isDocumentUrl } from './client-metadata.ts'
import { hasPlaceholders, registeredUris } from './redirect-uris.ts'

const FRESH_MILLISECONDS = 3_600_000
/** How long a known client stays valid while its document cannot be fetched. */
const STALE_MILLISECONDS = 24 * 3_600_000
const KEYS_BYTES_MAX = 64 * 1024

export interface DiscoveryParts {
  readonly outbound: Outbound
  /** Also accepts document URLs with http, for development and tests. */
  readonly allowLoopback: boolean
  readonly scopes: () => readonly string[]
  readonly setRedirectUris: (clientId: string, uris: readonly string[]) => Promise<void>
  /** The options of the OAuth provider that this discovery belongs to. */
  readonly options: () => OAuthOptions<string[]>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Discovery of clients whose id is the URL of their metadata document. The document is fetched when the client is first
 * used, and again after an hour. While it cannot be fetched, a known client stays valid for a day.
 */
export function metadataDocumentClients(parts: DiscoveryParts): ClientDiscovery {
  const { outbound, allowLoopback, clock, log } = parts
  const documentOf = clientDocuments(outbound, parts.scopes)
  return {
    id: 'client-metadata-document',
    matches: (clientId) => isDocumentUrl(clientId, allowLoopback),
    discoveryMetadata: { client_id_metadata_document_supported: true },
    async resolve(ctx, clientId, existing) {
      const age = existing?.updatedAt === undefined ? Infinity : clock().getTime() - existing.updatedAt.getTime()
      // Placeholders are left by a registration that is still running, or was interrupted.
      const isComplete = existing !== null && !hasPlaceholders(existing.redirectUris ?? [])
      if (isComplete && age < FRESH_MILLISECONDS) return existing
      try {
        const document = await documentOf(clientId)
        const { redirect_uris: given } = document
        const uris = registeredUris(given, document.application_type ?? undefined)
        const { client } = await registerClientMetadataDocument(ctx, parts.options(), {
          metadata: { ...document, ...uris },
          clientId,
          clientDiscoveryId: 'client-metadata-document',
          ...(existing !== null && { existingClient: existing }),
        })
        if (hasPlaceholders(uris.redirect_uris)) await parts.setRedirectUris(clientId, given)
        return { ...client, redirectUris: given }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        if (isComplete && error.kind === 'upstream' && age < STALE_MILLISECONDS) return existing
        log.info({ err: error, host: new URL(clientId).host }, 'a client metadata document was refused')
        throw new APIError('BAD_REQUEST', { error: 'invalid_client', error_description: error.message })
      }
    },
    fetchClientMetadataResource: async (input) => {
      const url = input instanceof Request ? input.url : String(input)
      const accept = ['application/json']
      const call = { integration: 'oauth-client', endpoint: 'keys', accept, bytesMax: KEYS_BYTES_MAX }
      const { status, headers, body } = await outbound({ ...call, url, timeoutSeconds: 5 })
      return new Response(Buffer.from(body), { status, headers })
    },
  }
}
