import type { Platform } from './platform.ts'

/** One thing that must be so before traffic is sent here. */
export interface CheckResult {
  readonly name: string
  readonly ok: boolean
  readonly message: string
}

/** What `/ready` answers: each dependency with what is wrong with it. Redis is a help, not a need: it only warns. */
export async function readiness(platform: Pick<Platform, 'database' | 'migrations' | 'redis'>): Promise<CheckResult[]> {
  const { database, migrations, redis } = platform
  const checks = [
    check('database', async () => {
      await database.ping()
      return 'The database answers.'
    }),
    check('migrations', async () => {
      const wrong = (await migrations.status()).filter(({ state }) => state !== 'applied')
      if (wrong.length === 0) return 'Every migration is applied.'
      throw new Error(`Not applied: ${wrong.map(({ name, state }) => `${name} (${state})`).join(', ')}.`)
    }),
  ]
  if (redis !== undefined) {
    const message =
      redis.status === 'ready' ? 'Redis answers.' : 'Redis is away: cache and limits are kept per process.'
    checks.push(Promise.resolve({ name: 'redis', ok: true, message }))
  }
  return Promise.all(checks)
}

async function check(name: string, work: () => Promise<string>): Promise<CheckResult> {
  try {
    return { name, ok: true, message: await work() }
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : 'It failed.' }
  }
}
