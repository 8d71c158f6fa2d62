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
import { oauthEvents } from './oauth-events.ts'
import { ownTokenKeys } from './own-keys.ts'
import type { Around } from './around.ts'
import { authorizationRequest } from './authorization-request.ts'
import { isDocumentUrl } from './client-metadata.ts'
import { authorizationServer, OAUTH_PATHS } from './provider.ts'
import { registration } from './registration.ts'
import { resourceNames } from './resource-names.ts'
import { revocationSignals } from './revocations.ts'
import { findRefreshToken, isGrantRevoked, revokeGrant, setRedirectUris } from './store.ts'
import { ownTokenRules } from './token-rules.ts'
import type { TokenKeys } from './token-keys.ts'
import type { TokenClaims, TokenRules } from './token-rules.ts'
import { tokenRequest } from './token-requests.ts'
import { signedClaims, tokenAuthenticator } from './verify-token.ts'
import type { TokenGrant } from './verify-token.ts'

export interface OAuthNeeds {
  readonly config: Pick<AccessConfig, 'auth' | 'oauth' | 'server'>
  readonly database: Pick<Database, 'system'>
  readonly signals: Signals
  readonly outbound: Outbound
  readonly publicUrl: PublicUrl
  readonly clock: Clock
  readonly log: Logger
  /** Every scope that can be granted, with the lowest role that has it. Called only once the server listens. */
  readonly scopes: () => readonly ScopeGrant[]
  /** The resources that tokens can be requested for (`/api`, `/mcp`, `/mcp/customers`), with the scopes used there. */
  readonly resources: () => readonly { readonly path: string; readonly scopes: readonly string[] }[]
  readonly audit: Pick<AuditTrail, 'record'>
  readonly instruments: AccessInstruments
}

/** The issuing and authentication of access tokens. */
export interface OAuth {
  /** The auth library's plugins for our authorization server; none with an external issuer. */
  readonly plugins: (keys: SigningKeys) => readonly BetterAuthPlugin[]
  /** Its endpoints, relative to the base path of the auth library. */
  readonly paths: readonly string[]
  /** What wraps an endpoint, by its path. */
  readonly around: ReadonlyMap<string, Around>
  readonly mounts: (auth: () => Promise<Auth>) => readonly WebMount[]
  /** The issuers that the metadata of protected resources names. */
  readonly issuers: () => readonly string[]
  readonly authenticator: (
    keys: SigningKeys,
  ) => (token: string, request: AccessRequest) => Principal | Promise<Principal>
}

export function openOAuth(needs: OAuthNeeds): OAuth {
  const { issuer } = needs.config.oauth
  return issuer === undefined ? ownIssuer(needs) : externalIssuer(needs, issuer)
}

function ownIssuer(needs: OAuthNeeds): OAuth {
  const { config, database, signals, publicUrl, clock, log, outbound, scopes } = needs
  const { auth, oauth, server } = config
  const events = identityEvents(needs.audit, needs.instruments)
  const dynamicRegistration = oauth.dynamicRegistration ?? server.environment === 'development'
  const resources = () =>
    loopbackNames(publicUrl.get()).flatMap((base) =>
      needs.resources().map(({ path, scopes: some }) => ({ url: `${base}${path}`, scopes: some })),
    )
  const names = resourceNames(
    () => resources().map(({ url }) => url),
    () => `${publicUrl.get()}/mcp`,
  )
  const isDocument = (clientId: string) => isDocumentUrl(clientId, server.outboundLoopback)
  const rules = ownTokenRules({ publicUrl: publicUrl.get, lifetimeSecondsMax: auth.accessTokenSeconds })
  const find = (tokenHash: string) => findRefreshToken(database.system, tokenHash)
  return {
    plugins: (keys) => [
      oauthEvents(events, async (token) => find(hash('sha256', token, 'base64url'))),
      ...authorizationServer({
        settings: { ...auth, ...server, dynamicRegistration },
        resources: resources(),
        scopes: forClients(scopes()),
        tenantOf: (userId, activeTenantId) => findDefaultTenant(database.system, userId, activeTenantId),
        findRefreshToken: find,
        claimsOf: claimsOf(rules, verificationKeys(needs, keys)),
        revokeGrant: (grant) => revokeGrant(database.system, grant),
        setRedirectUris: (id, uris) => setRedirectUris(database.system, id, uris),
        events,
        outbound,
        clock,
        log,
      }),
    ],
    paths: [...OAUTH_PATHS, ...(dynamicRegistration ? ['/oauth2/register'] : [])],
    around: new Map([
      ['/oauth2/authorize', authorizationRequest(database.system, names)],
      ['/oauth2/token', tokenRequest(database.system, names, isDocument)],
      ['/oauth2/revoke', tokenRequest(database.system, names, isDocument)],
      ['/oauth2/register', registration(database.system)],
    ]),
    mounts: (library) => [metadataMount(library, dynamicRegistration)],
    issuers: () => [publicUrl.get()],
    authenticator: (keys) =>
      tokenAuthenticator({
        rules,
        keys: verificationKeys(needs, keys),
        publicUrl: publicUrl.get,
        scopes,
        findGrant: (claims) => ownGrant(database, claims),
        revocations: revocationSignals(signals),
        clock,
      }),
  }
}

/** With an external issuer there is no authorization server here: its tokens are only verified. */
function externalIssuer(needs: OAuthNeeds, issuer: string): OAuth {
  const { config, database, signals, publicUrl, clock, log, scopes } = needs
  return {
    plugins: () => [],
    paths: [],
    around: new Map(),
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
        revocations: revocationSignals(signals),
        clock,
      }),
  }
}

function verificationKeys({ signals, clock }: OAuthNeeds, keys: SigningKeys): TokenKeys {
  return ownTokenKeys({
    load: keys.publicKeys,
    onChange: (listener) => {
      signals.subscribe(SIGNING_KEYS_CHANGED, listener)
      signals.onLost(listener)
    },
    clock,
  })
}

const claimsOf = (rules: TokenRules, keys: TokenKeys) => (token: string) => signedClaims(token, { rules, keys })

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

/** Metadata of features that the library has and this server does not offer. */
const UNSUPPORTED = /^(introspection|backchannel|dpop|end_session|userinfo)_/

/** A client without a secret revokes its tokens with its id alone; the library does not say so. */
const PUBLIC_CLIENTS = {
  revocation_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
}

/** The metadata document of our authorization server (RFC 8414). */
function metadataMount(library: () => Promise<Auth>, hasRegistration: boolean): WebMount {
  return {
    name: 'oauth-authorization-server',
    methods: ['GET'],
    path: '/.well-known/oauth-authorization-server',
    public: 'clients read it before they have a token',
    limit: 'flood',
    async answer(request) {
      const { handler } = await library()
      const answer = await handler(request)
      if (answer.status !== 200) return answer
      const metadata = Object.entries(await z.record(z.string(), z.unknown()).parseAsync(await answer.json()))
      const isSupported = (name: string) =>
        !UNSUPPORTED.test(name) && (hasRegistration || name !== 'registration_endpoint')
      return Response.json(
        { ...Object.fromEntries(metadata.filter(([name]) => isSupported(name))), ...PUBLIC_CLIENTS },
        {
          headers: { 'cache-control': 'public, max-age=300' },
        },
      )
    },
  }
}
