import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, expect, it } from 'vitest'
import { quiet } from '../../../test/support/database.ts'
import { DatabaseSettings } from '../config/database.ts'
import { openJobQueue } from '../jobs/job-queue.ts'
import { checkServices } from '../startup/service-checks.ts'
import { startEmbeddedPostgres } from './embedded.ts'
import { openMigrations } from './migrate.ts'
import { openDatabase } from './pool.ts'

// A server of its own, because roles belong to the whole server and the suite's has them already.
const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-login-'))
const server = await startEmbeddedPostgres({ dataDir: folder, log: quiet, settings: { fsync: 'off' } })
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

async function asSuperuser(...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  for (const statement of statements) await client.query(statement)
  await client.end()
}

it('a login that may make roles and owns its database needs no superuser', { timeout: 30_000 }, async () => {
  await asSuperuser("create role shop login createrole password 'not-so-secret'", 'create database shop owner shop')
  const url = new URL(server.url)
  Object.assign(url, { username: 'shop', password: 'not-so-secret', pathname: '/shop' })
  const settings = DatabaseSettings.parse({})
  const database = openDatabase({ url: url.href, settings, log: quiet, observe: { started: () => () => undefined } })
  const migrations = openMigrations(database.owner, path.resolve(import.meta.dirname, '../../../migrations'))

  const applied = await migrations.up()
  expect(await migrations.down(1000)).toEqual(applied.toReversed())
  await migrations.up()
  const queue = await openJobQueue({ owner: database.owner, log: quiet, work: false })
  const checks = await checkServices({ database, settings, migrations, redisUrl: undefined })
  expect(checks.filter(({ outcome }) => outcome !== 'pass')).toEqual([])

  const insert = (tenantId: string) =>
    sql`insert into access.tenants (tenant_id, name, created_at) values (${tenantId}, 'A', now())`
  await insert('a').execute(database.forTenant('a'))
  await expect(insert('b').execute(database.forTenant('a'))).rejects.toThrow(/row-level security/)
  expect((await sql`select tenant_id from access.tenants`.execute(database.forTenant('b'))).rows).toEqual([])
  expect((await sql`select tenant_id from access.tenants`.execute(database.system)).rows).toEqual([{ tenant_id: 'a' }])

  await queue.close(1)
  await database.close()
})
