import type { Logger } from 'pino'
import type { Platform } from '../platform.ts'
import { checkMigrations, checkServer, checkWrites } from './service-checks.ts'

/** One readiness condition. */
export interface ReadinessCheck {
  readonly name: string
  readonly ok: boolean
  readonly message: string
}

const NOT_READY: Readonly<Record<string, string>> = {
  database: 'The database does not respond, or is too old.',
  writes: 'The database does not take writes.',
  migrations: "The schema is not this release's.",
}

/**
 * The response of `/ready`: each dependency and its state. It is public, so the reason goes to the log only. Redis is
 * optional and never makes the process unready.
 */
export async function readiness(
  platform: Pick<Platform, 'database' | 'migrations' | 'redis'>,
  log: Logger,
): Promise<ReadinessCheck[]> {
  const { database, migrations, redis } = platform
  const checks = [
    await checkServer(database.owner),
    await checkWrites(database.owner),
    await checkMigrations(migrations),
  ]
  const needed = checks.map(({ name, outcome, message }): ReadinessCheck => {
    if (outcome !== 'fail') return { name, ok: true, message }
    log.warn({ check: name, reason: message }, 'not ready')
    return { name, ok: false, message: NOT_READY[name] ?? 'It is not available.' }
  })
  if (redis === undefined) return needed
  const message = redis.status === 'ready' ? 'Redis answers.' : 'Redis is away: cache and limits are kept per process.'
  return [...needed, { name: 'redis', ok: true, message }]
}
