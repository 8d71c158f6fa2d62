import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '#kernel/clock'
import { loadConfig } from '../../src/settings.ts'
import { buildApp } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import { cliContext } from '../../src/cli/open.ts'
import { quiet, testDatabase } from '../support/database.ts'

const database = await testDatabase()
let app: App

beforeAll(async () => {
  const environment = { DATABASE_URL: database.url, DB_STATEMENT_TIMEOUT: '5', DB_JOB_STATEMENT_TIMEOUT: '77' }
  const config = loadConfig({ ENVIRONMENT: 'test', ...environment })
  app = await buildApp({ config, clock: systemClock, log: quiet, version: 'test', as: 'command' })
})
afterAll(() => app.close())

it('statements of a command have the timeout of jobs: an import scores a whole tenant at once', async () => {
  const { rows } = await sql<{ statement_timeout: string }>`show statement_timeout`.execute(cliContext(app, 'any').db)
  expect(rows).toEqual([{ statement_timeout: '77s' }])
})
