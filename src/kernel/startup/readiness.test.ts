import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { quiet } from '../../../test/support/database.ts'
import { DatabaseSettings } from '../config/database.ts'
import { startEmbeddedPostgres } from '../database/embedded.ts'
import { clusterFiles } from '../database/embedded/cluster.ts'
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
    ['writes', false],
    ['migrations', false],
  ])
  expect(JSON.stringify(checks)).not.toMatch(/127\.0\.0\.1|ECONN|somebody|hush|inner-name/)
  await database.close()
})

it('a database that cannot write to its disk is said not to take writes', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-ready-'))
  const server = await startEmbeddedPostgres({ dataDir: folder, log: quiet, settings: { fsync: 'off' } })
  const settings = DatabaseSettings.parse({})
  const observe = { started: () => () => undefined }
  const database = openDatabase({ url: server.url, settings, log: quiet, observe })
  const migrations = openMigrations(database.owner, path.resolve(import.meta.dirname, '../../../migrations'))
  await migrations.up()
  const failing = async () =>
    (await readiness({ database, migrations, redis: undefined }, quiet)).filter(({ ok }) => !ok).map(({ name }) => name)
  const written = path.join(clusterFiles(folder).data, 'pg_snapshots')
  try {
    expect(await failing()).toEqual([])
    // As with a full disk, no file can be written there.
    await chmod(written, 0o500)
    expect(await failing()).toEqual(['writes'])
    await chmod(written, 0o700)
    expect(await failing()).toEqual([])
  } finally {
    await database.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
