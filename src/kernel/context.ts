import type { Logger } from 'pino'
import type { Cache } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Db } from './database/db.ts'
import type { Outbox } from './outbox.ts'

/** `<server>:read` or `<server>:write`. Write does not imply read; a key that may do both holds both. */
export type Scope = `${string}:read` | `${string}:write`

/** Who acts. The audit row stores `kind` and `id`. */
export type Actor =
  | { readonly kind: 'key'; readonly id: string; readonly name: string }
  | { readonly kind: 'job'; readonly id: string }
  | { readonly kind: 'cli'; readonly id: string }

/** An authenticated caller. Surfaces obtain one from `Authenticate` and open a `Ctx` for it. */
export interface Principal {
  readonly tenantId: string
  readonly actor: Actor
  readonly scopes: ReadonlySet<Scope>
}

/**
 * Turns an `Authorization` header into a principal. Answers synchronously when it is cached, so that the hot path
 * does not yield. Throws `Failure('unauthenticated')` for anything missing, malformed, unknown, expired or revoked.
 */
export type Authenticate = (authorization: string | undefined) => Principal | Promise<Principal>

/**
 * Everything one request may use; nothing else is reachable. `db` sees the rows of `tenantId` and of no other.
 * Inside `change()` it is the open transaction.
 */
export interface Ctx extends Principal {
  readonly requestId: string
  /** Aborted when the caller leaves, the deadline passes or the process stops. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly db: Db
  readonly cache: Cache
  readonly outbox: Outbox
  readonly log: Logger
}

/** Opens the context of one request. `signal` and `requestId` come from the surface. */
export type OpenContext = (
  principal: Principal,
  request: { readonly requestId: string; readonly signal: AbortSignal },
) => Ctx
