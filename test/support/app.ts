import type { Logger } from 'pino'
import { buildApp } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import type { Module } from '#kernel/module'
import type { PlatformOptions } from '#kernel/platform'
import { loadConfig } from '../../src/settings.ts'
import { quiet } from './database.ts'
import type { TestDatabase } from './database.ts'

export interface TestApp {
  readonly app: App
  readonly url: string
}

interface AppOptions {
  readonly clock?: Clock
  readonly log?: Logger
  /** As a `command` it runs no schedules. */
  readonly as?: PlatformOptions['as']
  readonly guests?: readonly Module[]
}

/** The whole product on loopback, in this process. Rate limits are off unless the settings enable them. */
export async function startApp(
  database: Pick<TestDatabase, 'url'>,
  settings: Readonly<Record<string, string>> = {},
  { clock = systemClock, log = quiet, as = 'server', guests = [] }: AppOptions = {},
): Promise<TestApp> {
  const config = loadConfig({
    ENVIRONMENT: 'test',
    DATABASE_URL: database.url,
    SERVER_PORT: '0',
    RATE_LIMIT_ENABLED: 'false',
    ...settings,
  })
  const app = await buildApp({ config, clock, log, version: 'test', as }, guests)
  return { app, ...(await app.listen()) }
}
