import { getOAuthProviderApi } from '@better-auth/oauth-provider'
import type { OAuthOptions } from '@better-auth/oauth-provider'
import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import type { RefreshToken } from './store.ts'
import type { TokenClaims } from './token-rules.ts'

export interface RevocationParts {
  /** The options of the OAuth provider, which authenticates the client. */
  readonly options: OAuthOptions<string[]>
  /** The claims of a signed access token, however old; throws `Failure('unauthenticated')` for any other. */
  readonly claimsOf: (accessToken: string) => Promise<TokenClaims>
  readonly findRefreshToken: (hash: string) => Promise<RefreshToken | undefined>
  readonly revokeGrant: (grant: { readonly session_id: string; readonly grant_id: string }) => Promise<void>
}

const Revocation = z.object({ token: z.string().min(1) })

/**
 * A plugin that answers revocation requests (RFC 7009): an access token and a refresh token both end their grant, in any
 * order, and a token that is unknown, already revoked or of another client is answered alike. The library would refuse
 * those, refuse every access token, and end all grants of the client when a refresh token was revoked before.
 */
export function revocation(parts: RevocationParts): BetterAuthPlugin {
  const handler = createAuthMiddleware(async (ctx) => {
    const asked = Revocation.safeParse(ctx.body)
    // The library refuses it.
    if (!asked.success) return undefined
    const provider = getOAuthProviderApi(ctx, parts.options)
    const { clientId } = await provider.authenticateClient({ requireCredentials: false })
    const { token } = asked.data
    const hash = await provider.hashToken(token, 'refresh_token')
    const grant = (await refreshGrant(parts, hash)) ?? (await accessGrant(parts, token))
    if (grant?.clientId === clientId) await parts.revokeGrant(grant)
    return Response.json(null, { headers: { 'cache-control': 'no-store' } })
  })
  return {
    id: 'plimsoll-oauth-revocation',
    hooks: { before: [{ matcher: ({ path }) => path === '/oauth2/revoke', handler }] },
  }
}

interface ClientGrant {
  readonly clientId: string
  readonly session_id: string
  readonly grant_id: string
}

async function refreshGrant({ findRefreshToken }: RevocationParts, hash: string): Promise<ClientGrant | undefined> {
  const found = await findRefreshToken(hash)
  if (found === undefined) return undefined
  return { clientId: found.client_id, session_id: found.session_id, grant_id: found.authorization_code_id }
}

async function accessGrant({ claimsOf }: RevocationParts, token: string): Promise<ClientGrant | undefined> {
  try {
    const { sessionId, grant } = (await claimsOf(token)).subject
    if (sessionId === undefined || grant === undefined) return undefined
    return { clientId: grant.clientId, session_id: sessionId, grant_id: grant.id }
  } catch (error) {
    // Safe because a token that was not issued here has nothing to revoke.
    if (error instanceof Failure && error.kind === 'unauthenticated') return undefined
    throw error
  }
}
