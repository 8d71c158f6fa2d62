import type { Platform } from './platform.ts'
import { checkDatabase, checkMigrations } from './startup/service-checks.ts'

/** One thing that must be so before traffic is sent here. */
export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string
}

/** What `/ready` answers: each dependency with what is wrong with it. Redis is a help, not a need: without it we serve. */
export async function readiness(platform: Pick<Platform, 'database' | 'migrations' | 'redis'>): Promise<CheckResult[]> {
  const { database, migrations, redis } = platform
  const checks = await Promise.all([checkDatabase(database.owner), checkMigrations(migrations)])
  const needed = checks.map(({ name, outcome, message }) => ({ name, ok: outcome !== 'failed', message }))
  if (redis === undefined) return needed
  const message = redis.status === 'ready' ? 'Redis answers.' : 'Redis is away: cache and limits are kept per process.'
  return [...needed, { name: 'redis', ok: true, message }]
}
