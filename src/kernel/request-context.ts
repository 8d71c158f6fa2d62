import type { Logger } from 'pino'
import type { Cache } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Ctx, OpenContext } from './context.ts'
import type { Db } from './database/db.ts'
import type { Database } from './database/pool.ts'
import type { Outbox } from './outbox.ts'

interface ContextParts {
  readonly database: Pick<Database, 'forTenant'>
  readonly cache: Cache
  readonly outbox: Outbox
  readonly clock: Clock
  readonly log: Logger
  readonly statementTimeoutSeconds: number
}

/** Makes contexts. The database handle and the logger are made when first used: many calls need neither. */
export function contextOpener(parts: ContextParts): OpenContext {
  const { database, cache, outbox, clock, statementTimeoutSeconds } = parts
  return ({ tenantId, actor, scopes }, { requestId, signal }) => {
    let db: Db | undefined
    let log: Logger | undefined
    const ctx: Ctx = {
      tenantId,
      actor,
      scopes,
      requestId,
      signal,
      clock,
      cache,
      outbox,
      get db() {
        return (db ??= database.forTenant(tenantId, { signal, statementTimeoutSeconds }))
      },
      get log() {
        return (log ??= parts.log.child({ requestId, tenantId }))
      },
    }
    return ctx
  }
}
