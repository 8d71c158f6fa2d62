import { expect, it } from 'vitest'
import { quiet } from '../../../test/support/database.ts'
import { DatabaseSettings } from '../config/database.ts'
import { openMigrations } from '../database/migrate.ts'
import { openDatabase } from '../database/pool.ts'
import { readiness } from './readiness.ts'

it('a database that is away is said to be, and not where it is or how we log in', async () => {
  const url = 'postgresql://somebody:hush-hush@127.0.0.1:1/inner-name'
  const settings = DatabaseSettings.parse({})
  const database = openDatabase({ url, settings, log: quiet, observe: { started: () => () => undefined } })
  const migrations = openMigrations(database.owner, import.meta.dirname)
  const checks = await readiness({ database, migrations, redis: undefined }, quiet)
  expect(checks.map(({ name, ok }) => [name, ok])).toEqual([
    ['database', false],
    ['migrations', false],
  ])
  expect(JSON.stringify(checks)).not.toMatch(/127\.0\.0\.1|ECONN|somebody|hush|inner-name/)
  await database.close()
})
