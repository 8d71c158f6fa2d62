import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { Authenticate, Principal, Scope } from '#kernel/context'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import { Failure } from '#kernel/failure'
import { bearerKey, keyHash } from './key-text.ts'
import { findKeyByHash, touchKey } from './store.ts'
import type { KeyGrant } from './store.ts'

/** Tells every process that the key with this hash (hex) is revoked. */
export const KEY_REVOKED = 'access.key-revoked'

const CACHED_KEYS_MAX = 10_000
const CACHED_SECONDS = 60
const TOUCH_AFTER_MILLISECONDS = 60_000

interface Known {
  readonly principal: Principal
  readonly expiresAt: number
}

/**
 * Checks API keys. A key seen in the last minute is answered from memory, but only while this process hears
 * revocations: with the signal connection down every call asks the database, so a revoked key never works on.
 */
export function authenticator(
  database: Pick<Database, 'system'>,
  signals: Signals,
  clock: Clock,
  log: Logger,
): Authenticate {
  const known = new LRUCache<string, Known>({ max: CACHED_KEYS_MAX, ttl: CACHED_SECONDS * 1000 })
  let revocations = 0
  const forget = (hash?: string) => {
    revocations++
    if (hash === undefined) known.clear()
    else known.delete(hash)
  }
  signals.subscribe(KEY_REVOKED, forget)
  signals.onLost(() => forget())

  const touch = (grant: KeyGrant) => {
    const now = clock()
    if (grant.last_used_at !== null && now.getTime() - grant.last_used_at.getTime() < TOUCH_AFTER_MILLISECONDS) return
    // Not awaited: "last used" is a courtesy, and a call must not fail or wait for it.
    touchKey(database.system, grant, now).catch((error: unknown) => log.warn({ err: error }, 'key use was not noted'))
  }

  const lookUp = async (hash: string): Promise<Principal> => {
    const [wasHearing, heard] = [signals.connected, revocations]
    const grant = await findKeyByHash(database.system, hash)
    if (grant === undefined) throw unknownKey()
    if (grant.revoked_at !== null) throw new Failure('unauthenticated', 'The API key was revoked.')
    const entry: Known = { principal: principalOf(grant), expiresAt: grant.expires_at?.getTime() ?? Infinity }
    const principal = unexpired(entry, clock)
    // A revocation heard, or missed, while the row was being read may be of this very key: then it must not be kept.
    if (wasHearing && signals.connected && heard === revocations) known.set(hash, entry)
    touch(grant)
    return principal
  }

  return (authorization, _door) => {
    const key = bearerKey(authorization)
    if (key === undefined) throw unknownKey()
    const hash = keyHash(key)
    const entry = signals.connected ? known.get(hash) : undefined
    return entry === undefined ? lookUp(hash) : unexpired(entry, clock)
  }
}

function unexpired(entry: Known, clock: Clock): Principal {
  if (clock().getTime() < entry.expiresAt) return entry.principal
  throw new Failure('unauthenticated', 'The API key has expired.')
}

function unknownKey(): Failure {
  return new Failure('unauthenticated', 'A valid API key is needed: Authorization: Bearer plim_…')
}

function principalOf(grant: KeyGrant): Principal {
  return {
    tenantId: grant.tenant_id,
    actor: { kind: 'key', id: grant.key_id, name: grant.name },
    // safe because: scopes are checked against this form when a key is made, and by the table's constraint.
    scopes: new Set(grant.scopes as Scope[]),
  }
}
