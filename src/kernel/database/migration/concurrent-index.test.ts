import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { openMigrations } from '../migrate.ts'

const REAL = path.resolve(import.meta.dirname, '../../../../migrations')
const TABLE = '202601010001_demo_things'
const INDEX = '202601010002_demo_index'

const byName = `-- no transaction
-- up
create unique index concurrently things_by_name
  on demo.things (name, at);
-- down
drop index concurrently if exists demo.things_by_name;
`

describe('an index that is built outside a transaction', { timeout: 30_000 }, async () => {
  const database = await testDatabase()
  const { owner } = database
  let folder: string
  beforeAll(async () => {
    await openMigrations(owner, REAL).down(1000)
  })
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-migrations-'))
    return () => rm(folder, { recursive: true })
  })
  afterAll(() => owner.query('drop schema if exists demo cascade'))

  /** A table with a row in it, and then the migration with the index. */
  async function start(table: string) {
    const made = `create schema demo;\ncreate table demo.things (name text, at int) ${table}`
    await writeFile(path.join(folder, `${TABLE}.sql`), `-- up\n${made};\n-- down\ndrop schema demo cascade;\n`)
    const migrations = openMigrations(owner, folder)
    await migrations.up()
    await owner.query("insert into demo.things values ('a', 1)")
    await writeFile(path.join(folder, `${INDEX}.sql`), byName)
    return migrations
  }
  async function indexes() {
    const { rows } = await owner.query<{ name: string; valid: boolean }>(
      `select relname as name, indisvalid as valid from pg_index join pg_class on pg_class.oid = indexrelid
       where relnamespace = 'demo'::regnamespace order by relname`,
    )
    return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]))
  }

  it('is built, noted, and dropped by the down part', async () => {
    const migrations = await start('')
    expect(await migrations.up()).toEqual([INDEX])
    expect(await indexes()).toEqual({ things_by_name: true })
    expect(await migrations.down()).toEqual([INDEX])
    expect(await indexes()).toEqual({})
    await migrations.down()
  })

  it('that could not be built is left invalid, and is built when it is run again', async () => {
    const migrations = await start('')
    await owner.query("insert into demo.things values ('a', 1)")
    await expect(migrations.up()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringMatching(/^Migration \w+ stopped; run it again to resume: .*unique/),
    })
    expect(await indexes()).toEqual({ things_by_name: false })
    expect((await migrations.status()).at(-1)).toMatchObject({ name: INDEX, state: 'pending' })

    await owner.query('delete from demo.things')
    expect(await migrations.up()).toEqual([INDEX])
    expect(await indexes()).toEqual({ things_by_name: true })
    await migrations.down(2)
  })

  it('of a partitioned table is built on each partition and attached, and a new partition has it', async () => {
    const migrations = await start(`partition by range (at);
      create table demo.things_low partition of demo.things for values from (0) to (10);
      create table demo.things_rest partition of demo.things default`)
    await owner.query("insert into demo.things values ('x', 99), ('x', 99)")
    await expect(migrations.up()).rejects.toThrow(/unique/)
    expect(await indexes()).toEqual({
      things_by_name: false,
      things_low_things_by_name: true,
      things_rest_things_by_name: false,
    })

    await owner.query("delete from demo.things where name = 'x'")
    expect(await migrations.up()).toEqual([INDEX])
    await owner.query('create table demo.things_new partition of demo.things for values from (10) to (20)')
    expect(await indexes()).toEqual({
      things_by_name: true,
      things_low_things_by_name: true,
      things_new_name_at_idx: true,
      things_rest_things_by_name: true,
    })
    expect(await migrations.down()).toEqual([INDEX])
    expect(await indexes()).toEqual({})
    await migrations.down()
  })

  it('is built while other processes wait for their turn to migrate', async () => {
    const migrations = await start('')
    const pools = [1, 2, 3].map(() => new pg.Pool({ connectionString: database.url, max: 2 }))
    const applied = await Promise.all(pools.map((pool) => openMigrations(pool, folder).up()))
    await Promise.all(pools.map((pool) => pool.end()))
    expect(applied.flat()).toEqual([INDEX])
    expect(await indexes()).toEqual({ things_by_name: true })
    await migrations.down(2)
  })

  it('waits for writers as long as they take; what runs in a transaction waits five seconds for a lock', async () => {
    const migrations = await start('')
    const [writer, other] = [await owner.connect(), new pg.Pool({ connectionString: database.url, max: 2 })]
    await writer.query("begin; insert into demo.things values ('b', 2)")
    const building = openMigrations(other, folder).up()
    const waits = `select 1 from pg_stat_activity where query like 'create unique index concurrently%'
      and wait_event_type = 'Lock' and datname = current_database()`
    while ((await owner.query(waits)).rowCount === 0);
    await writer.query('commit')
    writer.release()
    expect(await building).toEqual([INDEX])
    await other.end()

    const seen = '202601010003_demo_seen'
    const text = "create table demo.seen as select current_setting('lock_timeout') as value"
    await writeFile(path.join(folder, `${seen}.sql`), `-- up\n${text};\n-- down\ndrop table demo.seen;\n`)
    await migrations.up()
    expect((await owner.query('select value from demo.seen')).rows).toEqual([{ value: '5s' }])
    await migrations.down(3)
  })
})
