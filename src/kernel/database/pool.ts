import pg from 'pg'
import type { PoolClient, PoolConfig } from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Db } from './db.ts'
import { translate } from './errors.ts'
import { openFairSlots, slotLimits } from './fair-slots.ts'
import { PooledHandle } from './handle.ts'
import { inTurn } from './in-turn.ts'
import { poolSizes } from './pool-sizes.ts'
import { clientQuery } from './query.ts'
import type { QueryObserver } from './query.ts'
import { ANSWER_GRACE_MILLISECONDS, enterSession } from './session.ts'
import { statementNames } from './statement-names.ts'
import { parseTypes } from './value-types.ts'

export interface PoolUse {
  readonly active: number
  readonly idle: number
  readonly waiting: number
  readonly max: number
}

/** Options of one handle. A job may run longer statements than a request. */
export interface HandleOptions {
  /** The person, key or job that connections are shared among; absent: the tenant's own work. */
  readonly callerId?: string
  readonly signal?: AbortSignal
  readonly statementTimeoutSeconds?: number
}

export interface Database {
  /** A handle that sees the rows of one tenant only, enforced by row-level security. */
  forTenant(tenantId: string, options?: HandleOptions): Db
  /**
   * A handle that sees every tenant. Only for looking up keys before the tenant is known, and for finding tenants with
   * due jobs.
   */
  readonly system: Db
  /**
   * As `system`, on a pool without transactions: for single statements while a transaction is open, which would
   * otherwise hold one connection of a pool and wait for a second.
   */
  readonly statements: Db
  /** Connections as the login user, which owns the schemas: for migrations and the job queue. */
  readonly owner: pg.Pool
  use(): PoolUse
  /** The number of statements that a connection may have prepared. */
  preparedCount(): number
  /** Makes one round trip; throws `Failure('unavailable')` without a response in time. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  /** The password of new connections, instead of the URL's. */
  readonly password?: Password
  readonly settings: Config['database']
  readonly log: Logger
  readonly observe: QueryObserver
  /** Compares rows with their schemas and refuses nested transactions; for tests and development. */
  readonly checked?: boolean
}

/** Returns the password; called for every new connection, because it may change. */
export type Password = () => string

const SYSTEM = '*'

/**
 * Opens the connection pools. Connections are opened on first use, replaced after `poolRecycleSeconds`, and use a role
 * that row-level security restricts: `plimsoll_app` for tenants, `plimsoll_system` for the few statements across
 * tenants.
 */
export function openDatabase({ url, password, settings, log, observe, checked = false }: DatabaseOptions): Database {
  const base = connectionOptions(url, settings, password)
  const sizes = poolSizes(settings)
  const app = openPool({ ...base, onConnect: takeRole('plimsoll_app'), max: sizes.app }, log)
  const system = openPool({ ...base, onConnect: takeRole('plimsoll_system'), max: sizes.system }, log)
  const statements = openPool({ ...base, onConnect: takeRole('plimsoll_system'), max: sizes.statements }, log)
  const owner = openPool({ ...base, max: sizes.owner }, log)
  const names = statementNames()
  const { identify } = names
  const fair = openFairSlots(slotLimits(sizes.app))

  const handle = (pool: pg.Pool, tenantId: string, options: HandleOptions): Db => {
    const timeoutSeconds = options.statementTimeoutSeconds ?? settings.statementTimeoutSeconds
    const cancel = async (pid: number) => void (await owner.query('select pg_cancel_backend($1)', [pid]))
    const slowMilliseconds = settings.slowQueryMilliseconds
    const answerMilliseconds = timeoutSeconds * 1000 + ANSWER_GRACE_MILLISECONDS
    const parts = { identify, observe, log, slowMilliseconds, answerMilliseconds, signal: options.signal, cancel }
    const claimant = { tenantId, callerId: options.callerId ?? '' }
    const patience = { milliseconds: settings.poolWaitSeconds * 1000, signal: options.signal }
    const connect = async () => {
      options.signal?.throwIfAborted()
      const endTurn = pool === app ? await inTurn(fair, claimant, patience) : undefined
      try {
        const client = await checkOut(pool, options.signal)
        try {
          await enterSession(client, tenantId, timeoutSeconds)
        } catch (error) {
          client.release(true)
          throw translate(error, '', options.signal)
        }
        return clientQuery(client, { ...parts, endTurn })
      } catch (error) {
        endTurn?.()
        throw error
      }
    }
    return new PooledHandle(connect, checked)
  }

  return {
    forTenant: (tenantId, options = {}) => handle(app, tenantId, options),
    system: handle(system, SYSTEM, {}),
    statements: handle(statements, SYSTEM, {}),
    owner,
    preparedCount: names.preparedCount,
    use: () => ({
      active: app.totalCount - app.idleCount,
      idle: app.idleCount,
      waiting: app.waitingCount + fair.waiting(),
      max: sizes.app,
    }),
    ping: async () => {
      await owner.query('select 1').catch((error: unknown) => {
        throw translate(error, '', undefined)
      })
    },
    close: async () => {
      await Promise.all([app.end(), system.end(), statements.end(), owner.end()])
    },
  }
}

async function checkOut(pool: pg.Pool, signal: AbortSignal | undefined): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw translate(error, '', signal)
  }
}

/** pg-pool waits for a promise of `onConnect`, which its types do not declare. */
type PoolOptions = Omit<PoolConfig, 'onConnect'> & { readonly onConnect?: (client: pg.ClientBase) => Promise<void> }

function openPool(options: PoolOptions, log: Logger): pg.Pool {
  const pool = new pg.Pool(options)
  // A broken connection is replaced at the next checkout. Without a listener the error would crash the process; a
  // running statement gets it as well.
  pool.on('error', (error) => {
    // The error object contains the client with its secrets, so only the message is logged.
    if (!pool.ending) log.warn({ reason: error.message }, 'a database connection broke while idle')
  })
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ err: error }, 'a database connection broke')),
  )
  return pool
}

const TAKE_ROLE = `
  select set_config('role', $1, false), set_config('timezone', 'UTC', false),
    set_config('idle_in_transaction_session_timeout', '60s', false)`

/**
 * Gives each new connection its role, by a statement and not by a start-up parameter, which a pooler may drop. Throws
 * when the connection acts as another role afterwards: row-level security might not apply to it.
 */
function takeRole(role: string): NonNullable<PoolOptions['onConnect']> {
  return async (client) => {
    await client.query(TAKE_ROLE, [role])
    const { rows } = await client.query<{ current_user: string }>('select current_user')
    if (rows[0]?.current_user !== role)
      throw new Error(`a new connection acts as ${rows[0]?.current_user}, not as ${role}`)
  }
}

/** Options of every connection: TLS mode, timeouts, recycling, value types. */
export function connectionOptions(
  url: string,
  settings: Config['database'],
  password?: Password,
): Omit<PoolConfig, 'onConnect'> {
  return {
    ...sslOption(settings.sslMode),
    // A connection string would override every other option, including a changing password.
    ...parseIntoClientConfig(url),
    ...(password !== undefined && { password }),
    min: 0,
    connectionTimeoutMillis: settings.poolWaitSeconds * 1000,
    maxLifetimeSeconds: settings.poolRecycleSeconds,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: 'plimsoll',
    types: parseTypes,
  }
}

function sslOption(mode: Config['database']['sslMode']): PoolConfig {
  switch (mode) {
    case undefined:
      return {}
    case 'disable':
      return { ssl: false }
    case 'require':
      return { ssl: { rejectUnauthorized: false } }
    case 'verify-ca':
      return { ssl: { rejectUnauthorized: true, checkServerIdentity: () => undefined } }
    case 'verify-full':
      return { ssl: { rejectUnauthorized: true } }
  }
}
