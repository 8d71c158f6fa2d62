import { compactVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import { scopesOfRole } from '#kernel/authorization'
import type { AccessRequest, Principal, Role } from '#kernel/principal'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import { changeWatch } from '#kernel/database/change-watch'
import { canonicalUrl, covers } from './audience.ts'
import { parseCompactToken } from './compact-token.ts'
import type { TokenKeys } from './token-keys.ts'
import { expired, granted, refused, requireCurrent } from './token-rules.ts'
import type { TokenClaims, TokenHeader, TokenRules, TokenSubject } from './token-rules.ts'

/** The person, role and session of a token, as the database has them. */
export interface TokenGrant {
  readonly userId: string
  readonly role: Role
  /** When the session ends; absent with an external issuer. */
  readonly expiresAt?: Date
}

/** A source of revocations that invalidate cached tokens. */
export interface Revocations {
  /** True while every revocation is received. */
  readonly connected: boolean
  /**
   * Calls `listener` with the topic that was revoked: `session <id>`, `member <user> <tenant>` or `grant <id>`;
   * undefined when any may have been.
   */
  onRevoked(listener: (topic: string | undefined) => void): void
}

export interface TokenParts {
  readonly rules: TokenRules
  readonly keys: TokenKeys
  /** The URL of this server, below which audiences must be. */
  readonly publicUrl: () => string
  /** Further audiences that stand for the whole server. */
  readonly audiences?: readonly string[]
  /** Every scope that can be granted, with the lowest role that has it. */
  readonly scopes: () => readonly ScopeGrant[]
  /** Undefined when the session or membership has ended, or the grant was revoked. */
  readonly findGrant: (claims: TokenClaims) => Promise<TokenGrant | undefined>
  readonly revocations: Revocations
  readonly clock: Clock
}

interface Known {
  readonly token: string
  readonly principal: Principal
  readonly audiences: readonly string[]
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly topics: readonly string[]
}

const CACHED_TOKENS_MAX = 10_000
/** The last characters of a token that are its cache key: 192 bits of the signature. */
const KEY_CHARACTERS = 32

/**
 * Authenticates access tokens: signature, issuer, times and audience, without a call to the issuer. The first use of a
 * token reads its session and membership from the database. It is then cached until it expires, a revocation signal
 * concerns it, or the signal connection is lost.
 *
 * The cache key is the end of the signature, and the whole token is compared: 0.4 µs, where a look-up by the 700
 * characters, or by their SHA-256, took 3 to 4.
 */
export function tokenAuthenticator(
  parts: TokenParts,
): (token: string, request: AccessRequest) => Principal | Promise<Principal> {
  const { clock } = parts
  const memory = tokenMemory(parts.revocations)

  const lookUp = async (token: string, request: AccessRequest): Promise<Principal> => {
    const remember = memory.startLookUp()
    const claims = await verified(token, parts)
    requireAudience(claims.audiences, request, parts)
    const grant = await parts.findGrant(claims)
    if (grant === undefined || (grant.expiresAt ?? Infinity) <= clock()) throw sessionOver()
    const { tenantId } = claims.subject
    const { userId, role } = grant
    const scopes = granted(claims, scopesOfRole(parts.scopes(), role))
    const principal: Principal = { tenantId, actor: { kind: 'user', id: userId }, scopes, userId, role }
    remember({
      token,
      principal,
      audiences: claims.audiences,
      expiresAt: Math.min(claims.expiresAt * 1000, grant.expiresAt?.getTime() ?? Infinity),
      topics: topicsOf(claims.subject, userId),
    })
    return principal
  }

  return (token, request) => {
    const known = memory.get(token)
    if (known === undefined) return lookUp(token, request)
    if (clock().getTime() >= known.expiresAt) throw expired()
    requireAudience(known.audiences, request, parts)
    return known.principal
  }
}

const sessionOver = () => refused('The session of this access token has ended. Sign in again.')

function topicsOf({ tenantId, sessionId, grant }: TokenSubject, userId: string): readonly string[] {
  const topics = [`member ${userId} ${tenantId}`]
  if (sessionId !== undefined) topics.push(`session ${sessionId}`)
  if (grant !== undefined) topics.push(`grant ${grant.id}`)
  return topics
}

async function verified(token: string, { rules, keys, clock }: TokenParts): Promise<TokenClaims> {
  return signedClaims(token, { rules, keys }, (claims) => requireCurrent(claims, rules, clock()))
}

/** The claims of a token that a known key signed, and that `check` allows. Throws `Failure('unauthenticated')`. */
export async function signedClaims(
  token: string,
  { rules, keys }: Pick<TokenParts, 'rules' | 'keys'>,
  check?: (claims: TokenClaims) => void,
): Promise<TokenClaims> {
  const parts = parseCompactToken(token)
  const header = rules.header(parts)
  const claims = rules.claims(parts)
  check?.(claims)
  await requireSignature(token, header, keys)
  return claims
}

async function requireSignature(token: string, { keyId, algorithm }: TokenHeader, keys: TokenKeys): Promise<void> {
  const key = await keys.find(keyId)
  if (key === undefined || key.algorithm !== algorithm)
    throw refused('The access token is not signed with a known key.')
  try {
    await compactVerify(token, key.key, { algorithms: [key.algorithm] })
  } catch (cause) {
    throw refused('The signature of the access token is invalid.', cause)
  }
}

function requireAudience(audiences: readonly string[], request: AccessRequest, parts: TokenParts): void {
  const publicUrl = parts.publicUrl()
  const resource = canonicalUrl(request.resource, publicUrl)
  for (const audience of audiences) {
    if (parts.audiences?.includes(audience) === true) return
    if (covers(canonicalUrl(audience, publicUrl), resource, publicUrl)) return
  }
  throw refused('The access token is for another resource.')
}

function tokenMemory(revocations: Revocations) {
  const byTopic = new Map<string, Set<string>>()
  const drop = ({ topics }: Known, key: string) => {
    for (const topic of topics) {
      const keys = byTopic.get(topic)
      keys?.delete(key)
      if (keys?.size === 0) byTopic.delete(topic)
    }
  }
  const known = new LRUCache<string, Known>({ max: CACHED_TOKENS_MAX, dispose: drop })
  const watch = changeWatch(revocations)
  revocations.onRevoked((topic) => {
    watch.changed()
    if (topic === undefined) known.clear()
    else for (const key of byTopic.get(topic) ?? []) known.delete(key)
  })
  return {
    get(token: string): Known | undefined {
      const entry = revocations.connected ? known.get(token.slice(-KEY_CHARACTERS)) : undefined
      return entry?.token === token ? entry : undefined
    },
    /** Starts a look-up. The returned function caches its result, unless a revocation may have happened meanwhile. */
    startLookUp() {
      const isUnchanged = watch.reading()
      return (entry: Known): void => {
        if (!isUnchanged()) return
        const key = entry.token.slice(-KEY_CHARACTERS)
        known.set(key, entry)
        for (const topic of entry.topics) byTopic.set(topic, (byTopic.get(topic) ?? new Set()).add(key))
      }
    },
  }
}
