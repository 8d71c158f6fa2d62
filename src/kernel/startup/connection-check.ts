import type pg from 'pg'
import type { Config } from '../config/config.ts'
import { poolSizes } from '../database/pool-sizes.ts'
import { countListeners } from '../database/signals.ts'
import { type CheckResult, passed, refused, warned } from './check.ts'

/**
 * Checks that the connections all processes on this database may open fit the server's limit. Assumes that every
 * process has the settings of this one. Fails if this process alone exceeds the limit.
 */
export async function checkConnections(owner: pg.Pool, settings: Config['database']): Promise<CheckResult> {
  const limit = await lowestLimit(owner)
  // This process is not listening yet.
  const processes = (await countListeners(owner)) + 1
  const each = Object.values<number>({ ...poolSizes(settings) }).reduce((sum, size) => sum + size, 0)
  const sum = processes * each
  const described = `${processes === 1 ? 'One process' : `${processes} processes`} of up to ${each} connections`
  if (sum <= limit.connections) {
    return passed('connections', `${described}: ${sum} of the ${limit.connections} that ${limit.name} leaves.`)
  }
  const advice = `Lower DB_POOL_SIZE (${settings.poolSize}) or DB_MAX_OVERFLOW (${settings.poolOverflow}), or raise ${limit.name}.`
  const message = `${described} may need ${sum}, and ${limit.name} leaves ${limit.connections}. ${advice}`
  return each > limit.connections ? refused('connections', message) : warned('connections', message)
}

interface Limit {
  readonly name: string
  readonly connections: number
}

/** The lowest limit. For a superuser only the server's applies. */
async function lowestLimit(owner: pg.Pool): Promise<Limit> {
  const { rows } = await owner.query<LimitRow>(
    `select current_setting('max_connections')::int
         - current_setting('superuser_reserved_connections')::int
         - current_setting('reserved_connections')::int as server,
       case when rolsuper then -1 else rolconnlimit end as role, rolname as role_name,
       case when rolsuper then -1 else datconnlimit end as database, datname as database_name
     from pg_roles, pg_database where rolname = session_user and datname = current_database()`,
  )
  return rows
    .flatMap((row): Limit[] => [
      { name: 'max_connections of the server', connections: row.server },
      { name: `the connection limit of role ${row.role_name}`, connections: row.role },
      { name: `the connection limit of database ${row.database_name}`, connections: row.database },
    ])
    .filter(({ connections }) => connections !== -1)
    .reduce((lowest, limit) => (limit.connections < lowest.connections ? limit : lowest))
}

interface LimitRow {
  readonly server: number
  readonly role: number
  readonly role_name: string
  readonly database: number
  readonly database_name: string
}
