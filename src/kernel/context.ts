import type { Logger } from 'pino'
import type { PersonKeys } from './audit/person-keys.ts'
import type { Cache } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Db } from './database/db.ts'
import type { Principal } from './principal.ts'
import type { Outbox } from './writes/outbox.ts'

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
  /** Under which the audit trail encrypts what is about a person. */
  readonly personKeys: PersonKeys
  readonly log: Logger
}

/** Opens the context of one request. `signal` and `requestId` come from the surface. */
export type OpenContext = (
  principal: Principal,
  request: { readonly requestId: string; readonly signal: AbortSignal },
) => Ctx
