import type { Logger } from 'pino'
import type { PersonKeys } from './audit/person-keys.ts'
import type { Cache } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Db } from './database/db.ts'
import type { Principal } from './principal.ts'
import type { Outbox } from './writes/outbox.ts'

/**
 * The context of one request: all that its code may use. `db` sees only the rows of `tenantId`; inside `change()` it is
 * the open transaction.
 */
export interface Ctx extends Principal {
  readonly requestId: string
  /** Aborted when the caller leaves, the deadline passes or the process stops. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly db: Db
  readonly cache: Cache
  readonly outbox: Outbox
  /** The keys under which the audit trail encrypts personal data, one per person. */
  readonly personKeys: PersonKeys
  readonly log: Logger
}

/** Opens the context of one request. `signal` and `requestId` come from the surface. */
export type OpenContext = (
  principal: Principal,
  request: { readonly requestId: string; readonly signal: AbortSignal },
) => Ctx
