import pg from 'pg'
import type { PoolClient, PoolConfig } from 'pg'
import { parseIntoClientConfig } from 'pg-connection-string'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Db } from './db.ts'
import { translate } from './errors.ts'
import { PooledHandle } from './handle.ts'
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

/** What one handle is for. A job may run longer statements than a request. */
export interface HandleOptions {
  readonly signal?: AbortSignal
  readonly statementTimeoutSeconds?: number
}

export interface Database {
  /** Sees the rows of one tenant only: row-level security refuses the rest even to a statement that forgets to ask. */
  forTenant(tenantId: string, options?: HandleOptions): Db
  /** Sees every tenant. For the key lookup before a tenant is known, and for fanning jobs out; nothing else. */
  readonly system: Db
  /**
   * As `system`, on connections that no transaction runs on: for single statements inside an open transaction, which
   * would otherwise hold one connection of a pool and wait for a second.
   */
  readonly statements: Db
  /** Connections as the login user, for migrations and the job queue's own schema. */
  readonly owner: pg.Pool
  use(): PoolUse
  /** Texts that have a name by now: each connection prepares at most so many. */
  preparedCount(): number
  /** One round trip; throws `Failure('unavailable')` when there is no answer in time. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  /** The password that new connections log in with, in place of the URL's. */
  readonly password?: Password
  readonly settings: Config['database']
  readonly log: Logger
  readonly observe: QueryObserver
  /** Compare rows with their schemas, and refuse a transaction beside an open one; for tests and development. */
  readonly checked?: boolean
}

/** Asked at every new connection, for a password that changes while the process runs. */
export type Password = () => string

const SYSTEM = '*'

/**
 * Opens the pools. Connections are made on first use, replaced after `poolRecycleSeconds`, and run as a role that
 * row-level security binds: `plimsoll_app` for tenants, `plimsoll_system` for the few statements across tenants.
 */
export function openDatabase({ url, password, settings, log, observe, checked = false }: DatabaseOptions): Database {
  const base = connectionOptions(url, settings, password)
  const sizes = poolSizes(settings)
  const app = openPool({ ...base, ...roleOption('plimsoll_app'), max: sizes.app }, log)
  const system = openPool({ ...base, ...roleOption('plimsoll_system'), max: sizes.system }, log)
  const statements = openPool({ ...base, ...roleOption('plimsoll_system'), max: sizes.statements }, log)
  const owner = openPool({ ...base, max: sizes.owner }, log)
  const names = statementNames()
  const { identify } = names

  const handle = (pool: pg.Pool, tenantId: string, options: HandleOptions): Db => {
    const timeoutSeconds = options.statementTimeoutSeconds ?? settings.statementTimeoutSeconds
    const cancel = async (pid: number) => void (await owner.query('select pg_cancel_backend($1)', [pid]))
    const slowMilliseconds = settings.slowQueryMilliseconds
    const answerMilliseconds = timeoutSeconds * 1000 + ANSWER_GRACE_MILLISECONDS
    const parts = { identify, observe, log, slowMilliseconds, answerMilliseconds, signal: options.signal, cancel }
    const connect = async () => {
      options.signal?.throwIfAborted()
      const client = await checkOut(pool, options.signal)
      try {
        await enterSession(client, tenantId, timeoutSeconds)
      } catch (error) {
        client.release(true)
        throw translate(error, '', options.signal)
      }
      return clientQuery(client, parts)
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
      waiting: app.waitingCount,
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

function openPool(options: PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool(options)
  // A connection that breaks is replaced at the next checkout; without a listener, idle or in use, it would end the
  // process. Whoever waits for a statement on it gets the error there.
  pool.on('error', (error) => {
    // The error carries the whole client, with its secrets: only the words are logged.
    if (!pool.ending) log.warn({ reason: error.message }, 'a database connection broke while idle')
  })
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ err: error }, 'a database connection broke')),
  )
  return pool
}

function roleOption(role: string): PoolConfig {
  return { options: `-c role=${role} -c idle_in_transaction_session_timeout=60s -c timezone=UTC` }
}

/** Settings shared by every connection: TLS by mode, waits, recycling, value types. */
export function connectionOptions(url: string, settings: Config['database'], password?: Password): PoolConfig {
  return {
    ...sslOption(settings.sslMode),
    // A connection string would take precedence over everything beside it, a password that changes included.
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
