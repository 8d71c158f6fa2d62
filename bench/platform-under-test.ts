import { pino } from 'pino'
import { systemClock } from '#kernel/clock'
import { configuration, loadConfig } from '../src/settings.ts'
import type { AppConfig } from '../src/settings.ts'
import type { Ctx } from '#kernel/context'
import type { Principal } from '#kernel/principal'
import { openPlatform } from '#kernel/platform'
import type { Platform } from '#kernel/platform'
import type { ScratchDatabase } from './scratch-database.ts'

/** The platform with production settings on the scratch database, for benchmarks that need no surface. */
export interface PlatformUnderTest {
  readonly config: AppConfig
  readonly platform: Platform
  /** The context of a new request by a key with all customer scopes. */
  open(): Ctx
  /** The context of a new job run. */
  openJob(): Ctx
  close(): Promise<void>
}

export const TENANT = 'bench'

const PRINCIPAL: Principal = {
  tenantId: TENANT,
  actor: { kind: 'key', id: 'key_bench', name: 'bench' },
  scopes: new Set(['customers:read', 'customers:write']),
}

/** The environment of a process in production, with raised rate limits. */
export function productionSettings(databaseUrl: string, scratchDir: string): Record<string, string> {
  return {
    ENVIRONMENT: 'production',
    DATABASE_URL: databaseUrl,
    DATA_DIR: scratchDir,
    SERVER_PORT: '0',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    ENCRYPTION_KEY: 'p9Yt0m0hVJp2k8zN1i3xqv7QyTzA5rWbE6uDcGfHsLk=',
    BETTER_AUTH_SECRET: 'hT3vK9qXw2LzR7mB4nYc8sJd6fGpQe1u',
    JWT_SECRET: 'Zr5tW8xN1kVb7mQ3gHj9cLp2sDf6yAe4',
    RATE_LIMIT_PER_KEY_PER_MINUTE: '100000000',
  }
}

/** Opens the platform as a command, which runs no jobs in the background of a measurement. */
export async function openPlatformUnderTest(
  database: ScratchDatabase,
  scratchDir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PlatformUnderTest> {
  const config = loadConfig({ ...productionSettings(database.url, scratchDir), ...settings })
  const log = pino({ level: 'warn' }, pino.destination(2))
  const platform = await openPlatform({
    configuration,
    config,
    clock: systemClock,
    log,
    version: '0.0.0',
    as: 'command',
  })
  let count = 0
  const request = () => ({ requestId: `bench-${++count}`, signal: new AbortController().signal })
  return {
    config,
    platform,
    open: () => platform.openContext(PRINCIPAL, request()),
    openJob: () => platform.openJobContext(PRINCIPAL, request()),
    close: () => platform.close(),
  }
}
