import type { Logger } from 'pino'
import type { PersonKeys } from './audit/person-keys.ts'
import type { Cache } from './cache.ts'
import type { Clock } from './clock.ts'
import type { Ctx, OpenContext } from './context.ts'
import type { Db } from './database/db.ts'
import type { Database } from './database/pool.ts'
import type { Outbox } from './writes/outbox.ts'

interface ContextParts {
  readonly database: Pick<Database, 'forTenant'>
  readonly cache: Cache
  readonly outbox: Outbox
  readonly personKeys: PersonKeys
  readonly clock: Clock
  readonly log: Logger
  readonly statementTimeoutSeconds: number
}

/**
 * Returns the function that opens request contexts. Database handle and logger are created on first use: many calls
 * need neither.
 */
export function contextOpener(parts: ContextParts): OpenContext {
  const { cache, outbox, personKeys, clock } = parts
  return (principal, request) => {
    const { tenantId, actor, scopes, userId, role, bounds } = principal
    const { requestId, signal } = request
    const callerId = userId ?? actor.id
    const opened: Opened = { parts, tenantId, callerId, requestId, signal, db: undefined, log: undefined }
    const who = { tenantId, actor, scopes, userId, role, bounds }
    const ctx = { ...who, requestId, signal, clock, cache, outbox, personKeys, [OPENED]: opened }
    Object.defineProperty(ctx, 'db', DB)
    Object.defineProperty(ctx, 'log', LOG)
    // safe because: the two members that the literal lacks were defined above.
    return ctx as unknown as Ctx
  }
}

/** What the lazy members `db` and `log` are created from. */
interface Opened {
  readonly parts: ContextParts
  readonly tenantId: string
  readonly callerId: string
  readonly requestId: string
  readonly signal: AbortSignal
  db: Db | undefined
  log: Logger | undefined
}

const OPENED = Symbol('opened')

type Lazy = PropertyDescriptor & ThisType<{ readonly [OPENED]: Opened }>

// Getters shared by all contexts: in the literal they would be new functions each time, a microsecond per context.
const DB: Lazy = {
  enumerable: true,
  get(): Db {
    const opened = this[OPENED]
    const { parts, tenantId, callerId, signal } = opened
    const { database, statementTimeoutSeconds } = parts
    return (opened.db ??= database.forTenant(tenantId, { callerId, signal, statementTimeoutSeconds }))
  },
}

const LOG: Lazy = {
  enumerable: true,
  get(): Logger {
    const opened = this[OPENED]
    const { parts, tenantId, requestId } = opened
    return (opened.log ??= parts.log.child({ requestId, tenantId }))
  },
}
