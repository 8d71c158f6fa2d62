import { hash } from 'node:crypto'
import type { BetterAuthPlugin } from 'better-auth'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { AuditTrail } from '#kernel/audit'
import { forClients } from '#kernel/authorization'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import type { AccessRequest, Principal } from '#kernel/principal'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import type { Outbound } from '#kernel/outbound/outbound'
import type { PublicUrl } from '#kernel/network/public-url'
import type { WebMount } from '#kernel/calls/route'
import type { Auth } from '../identity/better-auth.ts'
import { identityEvents } from '../identity/events.ts'
import { SIGNING_KEYS_CHANGED } from '../identity/signals.ts'
import type { SigningKeys } from '../identity/signing-keys.ts'
import { findTokenGrant } from '../identity/store/grants.ts'
import { findDefaultTenant } from '../identity/store/people.ts'
import type { AccessInstruments } from '../metrics.ts'
import type { AccessConfig } from '../settings.ts'
import { loopbackNames } from './audience.ts'
import { issuerTokenKeys } from './issuer-keys.ts'
import { issuerGrants, issuerTokenRules } from './issuer-rules.ts'
import { nativeClients } from './native-clients.ts'
import { oauthEvents } from './oauth-events.ts'
import { ownTokenKeys } from './own-keys.ts'
import { authorizationServer, OAUTH_PATHS } from './provider.ts'
import { heardRevocations } from './revocations.ts'
import { findRefreshToken, isGrantRevoked } from './store.ts'
import { ownTokenRules } from './token-rules.ts'
import type { TokenClaims } from './token-rules.ts'
import { tokenAuthenticator } from './verify-token.ts'
import type { TokenGrant } from './verify-token.ts'

export interface OAuthNeeds {
  readonly config: Pick<AccessConfig, 'auth' | 'oauth' | 'server'>
  readonly database: Pick<Database, 'system'>
  readonly signals: Signals
  readonly outbound: Outbound
  readonly publicUrl: PublicUrl
  readonly clock: Clock
  readonly log: Logger
  /** The table of everything that can be granted; read once the server listens. */
  readonly scopes: () => readonly ScopeGrant[]
  /** What tokens can be asked for: `/api`, `/mcp`, `/mcp/customers`, each with the scopes of use there. */
  readonly resources: () => readonly { readonly path: string; readonly scopes: readonly string[] }[]
  readonly audit: Pick<AuditTrail, 'record'>
  readonly instruments: AccessInstruments
}

/** Access tokens: who makes them, and how they are checked. */
export interface OAuth {
  /** Our authorization server as a part of the auth library; none where another issuer makes the tokens. */
  readonly plugins: () => readonly BetterAuthPlugin[]
  /** Its endpoints, under the auth library's. */
  readonly paths: readonly string[]
  readonly mounts: (auth: () => Promise<Auth>) => readonly WebMount[]
  /** The issuers that a protected resource names. */
  readonly issuers: () => readonly string[]
  readonly authenticator: (
    keys: SigningKeys,
  ) => (token: string, request: AccessRequest) => Principal | Promise<Principal>
}

export function openOAuth(needs: OAuthNeeds): OAuth {
  const { issuer } = needs.config.oauth
  return issuer === undefined ? ownIssuer(needs) : otherIssuer(needs, issuer)
}

function ownIssuer(needs: OAuthNeeds): OAuth {
  const { config, database, signals, publicUrl, clock, log, outbound, scopes } = needs
  const { auth, oauth, server } = config
  const events = identityEvents(needs.audit, needs.instruments)
  const dynamicRegistration = oauth.dynamicRegistration ?? server.environment === 'development'
  const find = (tokenHash: string) => findRefreshToken(database.system, tokenHash)
  return {
    plugins: () => [
      nativeClients(),
      oauthEvents(events, async (token) => find(hash('sha256', token, 'base64url'))),
      authorizationServer({
        settings: { ...auth, ...server, dynamicRegistration },
        resources: loopbackNames(publicUrl.get()).flatMap((base) =>
          needs.resources().map(({ path, scopes: some }) => ({ url: `${base}${path}`, scopes: some })),
        ),
        scopes: forClients(scopes()),
        tenantOf: (userId, activeTenantId) => findDefaultTenant(database.system, userId, activeTenantId),
        findRefreshToken: find,
        events,
        outbound,
        clock,
        log,
      }),
    ],
    paths: [...OAUTH_PATHS, ...(dynamicRegistration ? ['/oauth2/register'] : [])],
    mounts: (library) => [metadataMount(library, dynamicRegistration)],
    issuers: () => [publicUrl.get()],
    authenticator: (keys) =>
      tokenAuthenticator({
        rules: ownTokenRules({ publicUrl: publicUrl.get, lifeSecondsMax: auth.accessTokenSeconds }),
        keys: ownTokenKeys({
          load: keys.publicKeys,
          onChange: (act) => {
            signals.subscribe(SIGNING_KEYS_CHANGED, act)
            signals.onLost(act)
          },
          clock,
        }),
        publicUrl: publicUrl.get,
        scopes,
        findGrant: (claims) => ownGrant(database, claims),
        revocations: heardRevocations(signals),
        clock,
      }),
  }
}

/** A token in hand is a promise kept elsewhere: no metadata, no plugin, and only its checking is ours. */
function otherIssuer(needs: OAuthNeeds, issuer: string): OAuth {
  const { config, database, signals, publicUrl, clock, log, scopes } = needs
  return {
    plugins: () => [],
    paths: [],
    mounts: () => [],
    issuers: () => [issuer],
    authenticator: () =>
      tokenAuthenticator({
        rules: issuerTokenRules(issuer, config.oauth),
        keys: issuerTokenKeys({ issuer, clock, log }),
        publicUrl: publicUrl.get,
        audiences: config.oauth.audiences,
        scopes,
        findGrant: issuerGrants(database.system, issuer, config.oauth),
        revocations: heardRevocations(signals),
        clock,
      }),
  }
}

async function ownGrant({ system }: OAuthNeeds['database'], claims: TokenClaims): Promise<TokenGrant | undefined> {
  const { id: userId, tenantId, sessionId, grant: granted } = claims.subject
  if (sessionId === undefined) return undefined
  const [grant, isRevoked] = await Promise.all([
    findTokenGrant({ db: system }, { userId, tenantId, sessionId }),
    granted !== undefined &&
      isGrantRevoked(system, {
        grant_id: granted.id,
        client_id: granted.clientId,
        session_id: sessionId,
        user_id: userId,
        tenant_id: tenantId,
      }),
  ])
  if (grant === undefined || isRevoked) return undefined
  return { userId, role: grant.role, expiresAt: grant.sessionExpiresAt }
}

/** What the library can do and is not open, or not checked, here. */
const NOT_HERE = /^(introspection|backchannel|dpop|end_session|userinfo)_/

/** Where clients look for the authorization server of this host (RFC 8414): its issuer is the host itself. */
function metadataMount(library: () => Promise<Auth>, hasRegistration: boolean): WebMount {
  return {
    name: 'oauth-authorization-server',
    methods: ['GET'],
    path: '/.well-known/oauth-authorization-server',
    public: 'clients read it before they can have a token',
    limit: 'flood',
    async answer(request) {
      const { handler } = await library()
      const answer = await handler(request)
      if (answer.status !== 200) return answer
      const metadata = Object.entries(await z.record(z.string(), z.unknown()).parseAsync(await answer.json()))
      const isHere = (name: string) => !NOT_HERE.test(name) && (hasRegistration || name !== 'registration_endpoint')
      return Response.json(Object.fromEntries(metadata.filter(([name]) => isHere(name))), {
        headers: { 'cache-control': 'public, max-age=300' },
      })
    },
  }
}
