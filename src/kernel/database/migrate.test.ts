import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { openMigrations } from './migrate.ts'

const REAL = path.resolve(import.meta.dirname, '../../../migrations')
const scratch = await mkdtemp(path.join(tmpdir(), 'plimsoll-migrations-'))
afterAll(() => rm(scratch, { recursive: true, force: true }))

const FIRST = '202601010001_demo_things'
const SECOND = '202601010002_demo_more'

/** Drops everything without the down parts, so that a wrong down part fails only in the test for it. */
async function emptyDatabase() {
  const database = await testDatabase()
  const { rows } = await database.owner.query<{ name: string }>(
    `select quote_ident(nspname) as name from pg_namespace
     where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')`,
  )
  await database.owner.query(`drop schema ${rows.map(({ name }) => name).join(', ')} cascade`)
  return database
}

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(path.join(scratch, 'case-'))
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  return folder
}

/** Every column, index, constraint, function, policy, trigger, grant and schema of the product, a line each. */
async function shapeOf(owner: pg.Pool): Promise<string[]> {
  const { rows } = await owner.query<{ line: string }>(
    `with ours as (
       select oid, nspname from pg_namespace
       where nspname !~ '^pg_' and nspname not in ('information_schema', 'jobs', 'migration')
     ), classes as (
       select c.oid, format('%I.%I', nspname, relname) as name, relkind from pg_class c join ours on ours.oid = relnamespace
     )
     select 'schema ' || nspname as line from ours where nspname <> 'public'
     union all select format('%s %s', relkind, name) from classes
     union all select format('column %s.%s %s %s %s', name, attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
       from classes join pg_attribute a on attrelid = classes.oid and attnum > 0 and not attisdropped
       left join pg_attrdef on adrelid = attrelid and adnum = attnum where relkind in ('r', 'p', 'v', 'm')
     union all select pg_get_indexdef(oid) from classes where relkind in ('i', 'I')
     union all select format('%s %s %s', name, conname, pg_get_constraintdef(k.oid)) from classes join pg_constraint k on conrelid = classes.oid
     union all select pg_get_functiondef(p.oid) from pg_proc p join ours on ours.oid = pronamespace where prokind in ('f', 'p')
     union all select format('policy %s %s %s %s', name, polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
       from classes join pg_policy on polrelid = classes.oid
     union all select pg_get_triggerdef(t.oid) from classes join pg_trigger t on tgrelid = classes.oid where not tgisinternal
     union all select format('granted %s %s', name, relacl) from classes join pg_class c using (oid) where relacl is not null
     order by 1`,
  )
  return rows.map(({ line }) => line)
}

const things = '-- up\ncreate schema demo;\ncreate table demo.things (a int);\n-- down\ndrop schema demo cascade;\n'
const more =
  '-- up\nalter table demo.things add b int;\n-- breaking: code reads b\n-- down\nalter table demo.things drop b;\n'

describe('the migrations of this product', { timeout: 30_000 }, async () => {
  const database = await testDatabase()
  const migrations = openMigrations(database.owner, REAL)
  const shape = () => shapeOf(database.owner)

  it('go all the way down and up again, and end with the same tables', async () => {
    const before = await shape()
    expect(before.length).toBeGreaterThan(0)
    const names = (await readdir(REAL)).map((name) => name.replace('.sql', '')).toSorted()

    expect(await migrations.down(1000)).toEqual(names.toReversed())
    expect(await shape()).toEqual([])
    expect(await migrations.up()).toEqual(names)
    expect(await shape()).toEqual(before)
  })
})

describe('the down part of each migration', { timeout: 120_000 }, async () => {
  const database = await emptyDatabase()
  const migrations = openMigrations(database.owner, REAL)

  it('takes back what its up part did and nothing else', async () => {
    for (;;) {
      const before = await shapeOf(database.owner)
      const [name] = await migrations.up(1)
      if (name === undefined) break
      await migrations.down(1)
      const after = await shapeOf(database.owner)
      const left = after.filter((line) => !before.includes(line))
      const missing = before.filter((line) => !after.includes(line))
      expect({ name, left, missing }).toEqual({ name, left: [], missing: [] })
      await migrations.up(1)
    }
  })
})

describe('migrations', { timeout: 30_000 }, async () => {
  const database = await emptyDatabase()
  const owner = database.owner

  it('are applied once, one by one, and taken back one by one', async () => {
    const folder = await folderOf({ [`${FIRST}.sql`]: things, [`${SECOND}.sql`]: more })
    const migrations = openMigrations(owner, folder)

    expect(await migrations.up()).toEqual([FIRST, SECOND])
    expect(await migrations.up()).toEqual([])
    expect(await migrations.status()).toMatchObject([
      { name: FIRST, state: 'applied', breaking: undefined },
      { name: SECOND, state: 'applied', breaking: 'code reads b' },
    ])
    expect(await migrations.down()).toEqual([SECOND])
    expect((await migrations.status()).map(({ state }) => state)).toEqual(['applied', 'pending'])
    expect(await migrations.down(5)).toEqual([FIRST])
  })

  it('started by several processes together are applied once', async () => {
    const folder = await folderOf({ [`${FIRST}.sql`]: things, [`${SECOND}.sql`]: more })
    const pools = [1, 2].map(() => new pg.Pool({ connectionString: database.url, max: 2 }))
    const applied = await Promise.all(pools.map((pool) => openMigrations(pool, folder).up()))
    await Promise.all(pools.map((pool) => pool.end()))
    expect(applied.flat().toSorted()).toEqual([FIRST, SECOND])
    await openMigrations(owner, folder).down(2)
  })

  it('that fail are rolled back whole, and those before them stay', async () => {
    const broken = '-- up\ncreate table demo.half (a int);\nselect 1 / 0;\n-- down\ndrop table demo.half;\n'
    const folder = await folderOf({ [`${FIRST}.sql`]: things, [`${SECOND}.sql`]: broken })
    const migrations = openMigrations(owner, folder)

    await expect(migrations.up()).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: `Migration ${SECOND} failed and was rolled back: division by zero`,
    })
    const { rows } = await owner.query("select to_regclass('demo.things') as first, to_regclass('demo.half') as half")
    expect(rows).toEqual([{ first: 'demo.things', half: null }])
    await migrations.down(1)
  })

  it('edited after they were applied are refused by name', async () => {
    const folder = await folderOf({ [`${FIRST}.sql`]: things })
    const migrations = openMigrations(owner, folder)
    await migrations.up()
    await writeFile(path.join(folder, `${FIRST}.sql`), things.replace('a int', 'a bigint'))

    await expect(migrations.up()).rejects.toMatchObject({
      code: 'MIGRATION_EDITED',
      message: expect.stringContaining(FIRST),
    })
    expect(await migrations.status()).toMatchObject([{ name: FIRST, state: 'edited' }])

    await writeFile(path.join(folder, `${FIRST}.sql`), things.replaceAll('\n', '\r\n'))
    expect(await migrations.up()).toEqual([])
    await migrations.down()
  })

  it('that are applied but whose file is gone are refused by name', async () => {
    const folder = await folderOf({ [`${FIRST}.sql`]: things, [`${SECOND}.sql`]: more })
    const migrations = openMigrations(owner, folder)
    await migrations.up()
    const shorter = await mkdtemp(path.join(scratch, 'case-'))
    await cp(path.join(folder, `${FIRST}.sql`), path.join(shorter, `${FIRST}.sql`))

    const older = openMigrations(owner, shorter)
    await expect(older.up()).rejects.toMatchObject({
      code: 'MIGRATION_MISSING',
      message: expect.stringContaining(SECOND),
    })
    expect((await older.status()).at(-1)).toMatchObject({ name: SECOND, state: 'missing', breaking: 'code reads b' })
    await migrations.down(2)
  })

  it('that come before an applied one are refused by name', async () => {
    const folder = await folderOf({ [`${SECOND}.sql`]: things })
    const migrations = openMigrations(owner, folder)
    await migrations.up()
    await writeFile(path.join(folder, `${FIRST}.sql`), '-- up\nselect 1;\n-- down\nselect 1;\n')

    await expect(migrations.up()).rejects.toMatchObject({
      code: 'MIGRATION_OUT_OF_ORDER',
      message: expect.stringContaining(FIRST),
    })
    await rm(path.join(folder, `${FIRST}.sql`))
    await migrations.down()
  })

  it.each([
    ['a name of another form', 'things.sql', things],
    ['no up part', `${FIRST}.sql`, 'create schema demo;\n-- down\ndrop schema demo;\n'],
    ['no down part', `${FIRST}.sql`, '-- up\ncreate schema demo;\n'],
    ['an empty down part', `${FIRST}.sql`, '-- up\ncreate schema demo;\n-- down\n-- nothing\n'],
    ['anything but indexes outside a transaction', `${FIRST}.sql`, `-- no transaction\n${things}`],
    ['SQL before the up part', `${FIRST}.sql`, 'select 1;\n-- up\ncreate schema demo;\n-- down\ndrop schema demo;\n'],
  ])('with %s are refused', async (_, name, text) => {
    const migrations = openMigrations(owner, await folderOf({ [name]: text }))
    await expect(migrations.up()).rejects.toMatchObject({
      code: 'MIGRATION_MALFORMED',
      message: expect.stringContaining(name),
    })
  })
})
