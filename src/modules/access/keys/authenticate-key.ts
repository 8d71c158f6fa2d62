import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import { networksOf } from '#kernel/network/address'
import type { Networks } from '#kernel/network/address'
import { scopesOfRole } from '#kernel/authorization'
import type { ScopeGrant } from '#kernel/authorization'
import type { Clock } from '#kernel/clock'
import type { AccessRequest, Bounds, Principal, Scope } from '#kernel/principal'
import { changeWatch } from '#kernel/database/change-watch'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import { Failure } from '#kernel/failure'
import { MEMBERSHIP_CHANGED } from '../identity/signals.ts'
import { keyHash } from '../key-text.ts'
import type { GuessGuard } from './guess-guard.ts'
import { findKeyByHash, touchKey } from './store/keys.ts'
import type { KeyGrant } from './store/keys.ts'

/** The signal that a key was revoked; the payload is its hash (hex). A database trigger sends it with the commit. */
const KEY_REVOKED = 'access.key-revoked'

const CACHED_KEYS_MAX = 10_000
const CACHED_SECONDS = 60
const TOUCH_AFTER_MILLISECONDS = 60_000

interface Known {
  readonly principal: Principal
  readonly expiresAt: number
  /** The networks it may be used from; absent: any. */
  readonly networks?: Networks
}

export interface KeyAuthenticatorParts {
  readonly database: Pick<Database, 'system'>
  readonly signals: Signals
  /** Every scope that can be granted, with the lowest role that has it. */
  readonly scopes: () => readonly ScopeGrant[]
  readonly guard: GuessGuard
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Authenticates API keys. A key is cached for a minute, but only while the signal connection is up: without it every
 * call reads the database, so that a revoked key is refused at once. A person's key has at most the scopes of that
 * person's current role, and none once they have left the organisation.
 */
export function keyAuthenticator(
  parts: KeyAuthenticatorParts,
): (key: string, request: AccessRequest) => Principal | Promise<Principal> {
  const { database, signals, clock, log } = parts
  const memory = keyMemory(signals)

  const touch = (grant: KeyGrant) => {
    const now = clock()
    if (grant.last_used_at !== null && now.getTime() - grant.last_used_at.getTime() < TOUCH_AFTER_MILLISECONDS) return
    // Not awaited: a call must not fail or wait because of its "last used" time.
    touchKey(database.system, grant, now).catch((error: unknown) =>
      log.warn({ err: error }, 'the last use of an API key was not stored'),
    )
  }

  const lookUp = async (hash: string, request: AccessRequest): Promise<Principal> => {
    const remember = memory.startLookUp()
    const grant = await parts.guard(
      request.address,
      () => findKeyByHash(database.system, hash),
      (found) => invalidReason(found) === undefined,
    )
    const reason = invalidReason(grant)
    if (grant === undefined || reason !== undefined) throw new Failure('unauthenticated', reason ?? UNKNOWN)
    const entry = knownOf(grant, parts.scopes())
    remember(hash, entry)
    const principal = admitted(entry, request, clock)
    touch(grant)
    return principal
  }

  return (key, request) => {
    const hash = keyHash(key)
    const entry = memory.get(hash)
    return entry === undefined ? lookUp(hash, request) : admitted(entry, request, clock)
  }
}

function admitted(entry: Known, request: AccessRequest, clock: Clock): Principal {
  if (clock().getTime() >= entry.expiresAt) throw new Failure('unauthenticated', 'The API key has expired.')
  // The stdio transport has no address, so a key that is bound to networks is refused there.
  if (entry.networks !== undefined && !entry.networks(request.address)) {
    throw new Failure('unauthenticated', 'The API key is bound to networks, and this address is in none of them.')
  }
  return entry.principal
}

const UNKNOWN = 'The API key is unknown. Create one with plimsoll keys create, or under /api/v1/keys.'

/** Why a key is invalid (unknown, revoked, owner gone); undefined when it is valid. */
function invalidReason(grant: KeyGrant | undefined): string | undefined {
  if (grant === undefined) return UNKNOWN
  if (grant.revoked_at !== null || grant.disabled_at !== null) return 'The API key was revoked.'
  const hasLeft = grant.user_id !== null && grant.role === null
  return hasLeft ? 'The person who created this API key has left the organisation.' : undefined
}

function knownOf(grant: KeyGrant, table: readonly ScopeGrant[]): Known {
  const { servers, toolsets, networks, read_only: readOnly, user_id: userId } = grant
  const bounds: Bounds = {
    ...(servers !== null && { servers: new Set(servers) }),
    ...(toolsets !== null && { toolsets: new Set(toolsets) }),
    ...(readOnly && { readOnly }),
  }
  const principal: Principal = {
    tenantId: grant.tenant_id,
    actor: { kind: 'key', id: grant.key_id, name: grant.name },
    scopes: scopesOf(grant, table),
    ...(userId !== null && { userId }),
    ...(Object.keys(bounds).length > 0 && { bounds }),
  }
  const expiresAt = grant.expires_at?.getTime() ?? Infinity
  return networks === null ? { principal, expiresAt } : { principal, expiresAt, networks: networksOf(networks) }
}

/** The key's scopes that its owner still has. A read-only key has no write scope. */
function scopesOf(grant: KeyGrant, table: readonly ScopeGrant[]): ReadonlySet<Scope> {
  const ofRole: ReadonlySet<string> | undefined = grant.role === null ? undefined : scopesOfRole(table, grant.role)
  const isHeld = (scope: string) =>
    (ofRole?.has(scope) ?? true) &&
    (grant.account_scopes?.includes(scope) ?? true) &&
    !(grant.read_only && scope.endsWith(':write'))
  // safe because: scopes are checked against this form when a key is created.
  return new Set(grant.scopes.filter(isHeld) as Scope[])
}

function keyMemory(signals: Signals) {
  const known = new LRUCache<string, Known>({ max: CACHED_KEYS_MAX, ttl: CACHED_SECONDS * 1000 })
  const watch = changeWatch(signals)
  signals.subscribe(KEY_REVOKED, (hash) => {
    watch.changed()
    known.delete(hash)
  })
  signals.subscribe(MEMBERSHIP_CHANGED, (member) => {
    watch.changed()
    for (const [hash, { principal }] of known) {
      if (`${principal.userId} ${principal.tenantId}` === member) known.delete(hash)
    }
  })
  signals.onLost(() => {
    watch.changed()
    known.clear()
  })
  return {
    get: (hash: string): Known | undefined => (signals.connected ? known.get(hash) : undefined),
    /** Starts a look-up. The returned function caches its result, unless a change may have happened meanwhile. */
    startLookUp() {
      const isUnchanged = watch.reading()
      return (hash: string, entry: Known): void => {
        if (isUnchanged()) known.set(hash, entry)
      }
    },
  }
}
