import { getOAuthProviderApi, oauthProvider } from '@better-auth/oauth-provider'
import type { OAuthClaimExtensionInput, OAuthOptions } from '@better-auth/oauth-provider'
import type { BetterAuthPlugin } from 'better-auth'
import { APIError } from 'better-auth/api'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import type { AuthSettings } from '../auth-settings.ts'
import type { Outbound } from '#kernel/outbound/outbound'
import { metadataDocumentClients } from './client-discovery.ts'
import type { DiscoveryParts } from './client-discovery.ts'
import type { IdentityEvents } from '../identity/events.ts'
import { recordIssue } from './oauth-events.ts'
import { revocation } from './revocation.ts'
import type { RevocationParts } from './revocation.ts'
import { OAUTH_TABLES } from './tables.ts'

/** The scope for which a client gets refresh tokens, so that it can act while the person is away. */
const OFFLINE_ACCESS = 'offline_access'

/** The endpoints of the provider that are served. Clients and resources are not managed over HTTP. */
export const OAUTH_PATHS = [
  '/oauth2/authorize',
  '/oauth2/token',
  '/oauth2/revoke',
  '/oauth2/consent',
  '/oauth2/continue',
  '/oauth2/public-client',
  '/oauth2/public-client-prelogin',
  '/oauth2/get-consents',
  '/oauth2/delete-consent',
] as const

export interface ProviderParts extends Omit<RevocationParts, 'options'>, Pick<DiscoveryParts, 'setRedirectUris'> {
  readonly settings: Pick<AuthSettings, 'accessTokenSeconds' | 'refreshTokenDays'> &
    Pick<Config['server'], 'outboundLoopback'> & {
      /** Whether any program may register as a client (RFC 7591). */
      readonly dynamicRegistration: boolean
    }
  /** The resources that tokens can be requested for, under each name of this server, with the scopes used there. */
  readonly resources: readonly { readonly url: string; readonly scopes: readonly string[] }[]
  /** Every scope that a client can be granted, with the lowest role that has it. */
  readonly scopes: readonly ScopeGrant[]
  /** The tenant for which the person grants access: the active one, else their default; undefined without any. */
  readonly tenantOf: (userId: string, activeTenantId: string | undefined) => Promise<string | undefined>
  readonly events: IdentityEvents
  readonly outbound: Outbound
  readonly clock: Clock
  readonly log: Logger
}

/**
 * OAuth 2.1 for MCP clients: authorization code with PKCE (S256), exact redirect URIs, resource indicators, `iss` in
 * the redirect, rotating refresh tokens whose reuse revokes the grant. Access tokens are signed, valid for one tenant,
 * and bound to the session in which the person gave consent.
 */
export function authorizationServer(parts: ProviderParts): readonly BetterAuthPlugin[] {
  const { settings, resources, clock, log, outbound } = parts
  const scopes = [...parts.scopes.map(({ scope }) => scope), OFFLINE_ACCESS]
  const options: OAuthOptions<string[]> = {
    loginPage: '/sign-in',
    consentPage: '/consent',
    scopes,
    resources: resources.map(({ url, scopes: some }) => ({
      identifier: url,
      allowedScopes: [...some, OFFLINE_ACCESS],
    })),
    resourceSeedMode: 'overwrite',
    // Any client may request any resource: it gets what the person grants, for that resource only.
    enforcePerClientResources: false,
    grantTypes: ['authorization_code', 'refresh_token'],
    accessTokenExpiresIn: settings.accessTokenSeconds,
    refreshTokenExpiresIn: settings.refreshTokenDays * 86_400,
    refreshTokenReuseInterval: 0,
    codeExpiresIn: 300,
    allowDynamicClientRegistration: settings.dynamicRegistration,
    allowUnauthenticatedClientRegistration: settings.dynamicRegistration,
    // For a signed authorization request alone: the sign-in pages verify theirs by it.
    allowPublicClientPrelogin: true,
    clientPrivileges: () => false,
    resourcePrivileges: () => false,
    postLogin: {
      page: '/consent',
      shouldRedirect: () => false,
      consentReferenceId: async ({ user, session }) => {
        const active = session['activeOrganizationId']
        const activeTenantId = typeof active === 'string' ? active : undefined
        const tenantId = await parts.tenantOf(user.id, activeTenantId)
        if (tenantId === undefined) throw new APIError('FORBIDDEN', NO_TENANT)
        return tenantId
      },
    },
    customAccessTokenClaims: ({ referenceId }) => ({ tenant: referenceId }),
    rateLimit: NO_RATE_LIMITS,
    schema: OAUTH_TABLES,
    extensions: [
      {
        clientDiscovery: metadataDocumentClients({
          outbound,
          clock,
          log,
          allowLoopback: settings.outboundLoopback,
          scopes: () => scopes,
          setRedirectUris: parts.setRedirectUris,
          options: () => options,
        }),
        claims: {
          accessToken: async (issue) => {
            await recordIssue(parts.events, issue)
            return grantClaim(issue.ctx, options, parts.findRefreshToken)
          },
        },
      },
    ],
  }
  // safe because: it is a plugin of the library, whose types only disagree on exact optional properties.
  return [oauthProvider(options) as unknown as BetterAuthPlugin, revocation({ ...parts, options })]
}

const TokenRequest = z.union([z.object({ refresh_token: z.string() }), z.object({ code: z.string() })])

/**
 * The claim `grant` of every access token: the id of the authorization code it comes from, so that a single grant can
 * be revoked.
 */
async function grantClaim(
  ctx: OAuthClaimExtensionInput['ctx'],
  options: OAuthOptions<string[]>,
  findRefreshToken: ProviderParts['findRefreshToken'],
): Promise<Record<string, unknown>> {
  const request = TokenRequest.parse(ctx.body)
  const { hashToken } = getOAuthProviderApi(ctx, options)
  if ('code' in request) return { grant: await hashToken(request.code, 'authorization_code') }
  const refreshToken = await findRefreshToken(await hashToken(request.refresh_token, 'refresh_token'))
  return { grant: refreshToken?.authorization_code_id }
}

const NO_TENANT = {
  error: 'access_denied',
  error_description: 'You are not a member of an organisation yet, so you cannot grant access.',
}

/** The library's rate limits are off, because the HTTP surface limits every route. */
const NO_RATE_LIMITS = {
  token: false,
  authorize: false,
  introspect: false,
  revoke: false,
  register: false,
  userinfo: false,
} as const
