import { Redis } from 'ioredis'
import { sql } from 'kysely'
import type pg from 'pg'
import type { Config } from '../config/config.ts'
import type { Migrations } from '../database/migrate.ts'
import type { Database } from '../database/pool.ts'
import { Failure } from '../failure.ts'
import type { CheckResult } from './check.ts'
import { passed, refused, warned } from './check.ts'
import { checkConnections } from './connection-check.ts'

const POSTGRES_MIN = 160_000
const REDIS_MAJOR_MIN = 7
const REDIS_MILLISECONDS_MAX = 2000

export interface Services {
  readonly database: Database
  readonly settings: Config['database']
  readonly migrations: Migrations
  readonly redisUrl: string | undefined
}

/** Checks the database, its migrations and roles, and Redis if configured. */
export async function checkServices({ database, settings, migrations, redisUrl }: Services): Promise<CheckResult[]> {
  const redis = checkRedis(redisUrl)
  const found = await checkDatabase(database.owner)
  if (found.outcome === 'fail') return [found, await redis]
  const connections = await checkConnections(database.owner, settings)
  const state = await checkMigrations(migrations)
  // The first migration creates the roles.
  const roles = state.outcome === 'fail' ? [] : [await checkRoles(database)]
  return [found, connections, state, ...roles, await redis]
}

/** Checks the database before anything is written to it: its version, and that a connection keeps its session. */
export async function checkDatabase(owner: pg.Pool): Promise<CheckResult> {
  const server = await checkServer(owner)
  if (server.outcome === 'fail') return server
  try {
    if (await keepsSessions(owner)) return server
  } catch (error) {
    return refused('database', `Two connections to the database of DATABASE_URL could not be opened: ${reason(error)}.`)
  }
  return refused(
    'database',
    'DATABASE_URL leads through a pooler that changes the connection between transactions (PgBouncer: pool_mode = ' +
      'transaction or statement). Row-level security, locks and notifications need one that stays: set pool_mode = ' +
      'session, or connect to PostgreSQL itself.',
  )
}

/**
 * Whether each of our connections has a server process of its own. A pooler by transactions gives the same process to
 * two connections that are both open, or another one to the same connection.
 */
async function keepsSessions(owner: pg.Pool): Promise<boolean> {
  const one = await owner.connect()
  try {
    const other = await owner.connect()
    try {
      const first = await serverProcess(one)
      return (await serverProcess(other)) !== first && (await serverProcess(one)) === first
    } finally {
      other.release()
    }
  } finally {
    one.release()
  }
}

async function serverProcess(client: pg.PoolClient): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}

/**
 * Checks that the database's disk takes writes: exporting a snapshot writes a small file, which is removed with the
 * transaction. Nothing waits for the disk, and no table grows.
 */
export async function checkWrites(owner: pg.Pool): Promise<CheckResult> {
  try {
    const client = await owner.connect()
    try {
      await client.query('begin')
      await client.query('select pg_export_snapshot()')
      return passed('writes', 'The database takes writes.')
    } finally {
      // Released as broken when even that fails.
      await client.query('rollback').then(
        () => client.release(),
        () => client.release(true),
      )
    }
  } catch (error) {
    return refused('writes', `The database does not take writes: ${reason(error)}. Its disk may be full.`)
  }
}

/** Checks that PostgreSQL answers in a version that the product supports. */
export async function checkServer(owner: pg.Pool): Promise<CheckResult> {
  try {
    const { rows } = await owner.query<{ number: number; version: string }>(
      "select current_setting('server_version_num')::int as number, current_setting('server_version') as version",
    )
    const [server] = rows
    if (server && server.number >= POSTGRES_MIN) return passed('database', `PostgreSQL ${server.version} answers.`)
    return refused('database', `The database is PostgreSQL ${server?.version}; 16 or newer is needed.`)
  } catch (error) {
    return refused('database', `The database of DATABASE_URL does not answer: ${reason(error)}.`)
  }
}

export async function checkMigrations(migrations: Migrations): Promise<CheckResult> {
  try {
    const open = (await migrations.status()).filter(({ state }) => state !== 'applied')
    if (open.length === 0) return passed('migrations', 'Every migration is applied.')
    const names = open.map(({ name, state }) => `${name} (${state})`).join(', ')
    return refused('migrations', `The schema is not this release's: ${names}. Run \`npm run plimsoll -- migrate up\`.`)
  } catch (error) {
    return refused('migrations', `The migrations cannot be read: ${reason(error)}.`)
  }
}

/** Checks that requests run as roles that row-level security applies to; a superuser would see every tenant. */
export async function checkRoles(database: Database): Promise<CheckResult> {
  try {
    for (const db of [database.forTenant('nobody'), database.system]) {
      const { rows } = await sql<{ role: string; free: boolean }>`
        select rolname as role, rolsuper or rolbypassrls as free from pg_roles where rolname = current_user`.execute(db)
      const [current] = rows
      if (current === undefined || current.free) {
        const why = 'is a superuser or bypasses row-level security'
        return refused(
          'roles',
          `Requests would run as ${current?.role}, which ${why}. Remove that attribute from the role.`,
        )
      }
    }
    return passed('roles', 'Requests run as roles that row-level security applies to.')
  } catch (error) {
    return refused(
      'roles',
      `The login may not act as plimsoll_app and plimsoll_system: ${reason(error)}. Grant them to it.`,
    )
  }
}

export async function checkRedis(url: string | undefined): Promise<CheckResult> {
  if (url === undefined) return passed('redis', 'No Redis is set: cache and rate limits stay in each process.')
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: REDIS_MILLISECONDS_MAX,
    commandTimeout: REDIS_MILLISECONDS_MAX,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  })
  let lastError: unknown
  redis.on('error', (error) => {
    lastError = error
  })
  try {
    await redis.connect()
    const version = /redis_version:(\S+)/.exec(await redis.info('server'))?.[1] ?? ''
    if (Number(version.split('.')[0]) >= REDIS_MAJOR_MIN) return passed('redis', `Redis ${version} answers.`)
    return warned('redis', `Redis is version ${version}; ${REDIS_MAJOR_MIN} or newer is tested.`)
  } catch (error) {
    const why = reason(lastError ?? error)
    return warned(
      'redis',
      `The Redis of REDIS_URL does not answer (${why}): cache and rate limits stay in each process.`,
    )
  } finally {
    redis.disconnect()
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Failure ? (error.cause ?? error) : error
  if (!(cause instanceof Error)) return String(cause)
  // For a host with several addresses Node throws an AggregateError without a message.
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reason).join(', ')
  return cause.message
}
