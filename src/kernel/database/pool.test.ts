import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { sql } from 'kysely'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { DatabaseSettings } from '../config/database.ts'
import { Failure } from '../failure.ts'
import { openDatabase } from './pool.ts'
import { poolSizes } from './pool-sizes.ts'
import { sql as text } from './sql.ts'
import { statement } from './statement.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
})

const unobserved = { started: () => () => undefined }
const one = { ...DatabaseSettings.parse({}), poolSize: 1, poolOverflow: 0, poolWaitSeconds: 1 }

describe('the request role', () => {
  it('is bound by row-level security', async () => {
    const { rows } = await sql<{ role: string; super: boolean; bypass: boolean }>`
      select rolname as role, rolsuper as super, rolbypassrls as bypass from pg_roles where rolname = current_user`.execute(
      database.forTenant('acme'),
    )
    expect(rows).toEqual([{ role: 'plimsoll_app', super: false, bypass: false }])
  })
})

describe('a statement', () => {
  it('is prepared once and reported under its name', async () => {
    const seen: string[] = []
    const observe = { started: (label: string) => (failed: boolean) => void seen.push(`${label} ${failed}`) }
    const own = openDatabase({ url: database.url, settings: one, log: quiet, observe })
    const double = statement('test.double', text`select :number::int * 2 as twice`, {
      params: { number: z.int() },
      row: z.strictObject({ twice: z.int() }),
    })
    const db = own.forTenant('acme')
    expect(await double({ db }, { number: 21 })).toEqual([{ twice: 42 }])
    expect(await double({ db }, { number: 4 })).toEqual([{ twice: 8 }])
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_prepared_statements where statement like '/* test.double */%'`.execute(db)
    expect(rows).toEqual([{ n: 1 }])
    expect(seen.filter((line) => line.startsWith('test.double'))).toEqual(['test.double false', 'test.double false'])
    await own.close()
  })

  it('that runs too long is stopped by the server and fails as a timeout', async () => {
    const db = database.forTenant('acme', { statementTimeoutSeconds: 1 })
    await expect(sql`select pg_sleep(10)`.execute(db)).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('whose caller leaves is cancelled on the server', async () => {
    const leaving = new AbortController()
    const db = database.forTenant('acme', { signal: leaving.signal })
    const running = sql`select pg_sleep(10)`.execute(db)
    const sleeping =
      "select 1 from pg_stat_activity where query like 'select pg_sleep(10)%' and state = 'active' and datname = current_database()"
    while ((await database.owner.query(sleeping)).rowCount === 0);
    leaving.abort(new Failure('cancelled', 'gone'))
    await expect(running).rejects.toMatchObject({ kind: 'cancelled' })
    expect((await database.owner.query(sleeping)).rowCount).toBe(0)
  })

  it('slower than the limit is logged without its values', async () => {
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const own = openDatabase({
      url: database.url,
      settings: { ...one, slowQueryMilliseconds: 1 },
      log,
      observe: unobserved,
    })
    await statement('test.slow', text`select from pg_sleep(0.05) where :secret::text <> ''`, {
      params: { secret: z.string() },
      row: z.strictObject({}),
    })({ db: own.forTenant('acme') }, { secret: 'my secret' })
    expect(lines.join('')).toContain('"statement":"test.slow"')
    expect(lines.join('')).not.toContain('my secret')
    await own.close()
  })
})

describe('the pool', () => {
  it('fails a request that waited too long for a connection as unavailable', async () => {
    const own = openDatabase({ url: database.url, settings: one, log: quiet, observe: unobserved })
    await own
      .forTenant('acme')
      .transaction()
      .execute(async (tx) => {
        await sql`select 1`.execute(tx)
        expect(own.use()).toMatchObject({ active: 1, max: 1 })
        await expect(sql`select 1`.execute(own.forTenant('acme'))).rejects.toMatchObject({ kind: 'unavailable' })
      })
    await own.close()
  })

  it('keeps connections for other tenants while one caller waits for its own row locks', async () => {
    const few = { ...one, poolSize: 5 }
    const own = openDatabase({ url: database.url, settings: few, log: quiet, observe: unobserved })
    const holding = Promise.withResolvers<void>()
    const busy = Array.from({ length: 20 }, () =>
      own
        .forTenant('busy', { callerId: 'usr_1' })
        .transaction()
        .execute(async (tx) => {
          await sql`select 1`.execute(tx)
          await holding.promise
        }),
    )
    const { rows } = await sql<{ n: number }>`select 1 as n`.execute(own.forTenant('quiet'))
    expect(rows).toEqual([{ n: 1 }])
    await sql`select 1`.execute(own.forTenant('busy', { callerId: 'usr_2' }))
    expect(own.use()).toMatchObject({ active: 3, waiting: 17 })
    holding.resolve()
    await Promise.all(busy)
    expect(own.use()).toMatchObject({ active: 0, waiting: 0 })
    await own.close()
  })

  it('forgets a waiting request whose caller leaves, and refuses a caller of whom too many wait', async () => {
    const own = openDatabase({ url: database.url, settings: one, log: quiet, observe: unobserved })
    const gone = new AbortController()
    const holding = own.forTenant('acme').transaction()
    await holding.execute(async (tx) => {
      await sql`select 1`.execute(tx)
      const leaving = sql`select 1`.execute(own.forTenant('acme', { signal: gone.signal }))
      const many = Array.from({ length: 201 }, () =>
        sql`select 1`.execute(own.forTenant('acme', { callerId: 'usr_1' })).catch((error: unknown) => error),
      )
      expect(await many.at(-1)).toMatchObject({ kind: 'unavailable', code: 'BUSY', retryAfterSeconds: 1 })
      gone.abort(new Failure('cancelled', 'gone'))
      await expect(leaving).rejects.toMatchObject({ kind: 'cancelled' })
      expect(own.use().waiting).toBe(200)
    })
    await own.close()
  })

  it('answers a single system statement while a transaction is open on every other system connection', async () => {
    const own = openDatabase({ url: database.url, settings: one, log: quiet, observe: unobserved })
    const answered = Promise.withResolvers<void>()
    const open = Array.from({ length: poolSizes(one).system }, () => {
      const opened = Promise.withResolvers<void>()
      const work = own.system.transaction().execute(async (tx) => {
        await sql`select 1`.execute(tx)
        opened.resolve()
        await answered.promise
      })
      return { work, opened: opened.promise }
    })
    await Promise.all(open.map(({ opened }) => opened))
    await expect(sql`select 1`.execute(own.system)).rejects.toMatchObject({ kind: 'unavailable' })
    expect((await sql<{ n: number }>`select 1 as n`.execute(own.statements)).rows).toEqual([{ n: 1 }])
    answered.resolve()
    await Promise.all(open.map(({ work }) => work))
    await own.close()
  })

  it('fails as unavailable when nobody listens, and when what listens never answers', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    // safe because: a listening TCP server has an AddressInfo.
    const { port } = silent.address() as AddressInfo
    for (const url of ['postgresql://nobody@127.0.0.1:1/none', `postgresql://nobody@127.0.0.1:${port}/none`]) {
      const own = openDatabase({ url, settings: one, log: quiet, observe: unobserved })
      await expect(own.ping()).rejects.toMatchObject({ kind: 'unavailable' })
      await expect(sql`select 1`.execute(own.forTenant('acme'))).rejects.toMatchObject({ kind: 'unavailable' })
      await own.close()
    }
    silent.close()
  })

  it('replaces connections that the server ended', async () => {
    const own = openDatabase({ url: database.url, settings: one, log: quiet, observe: unobserved })
    const db = own.forTenant('acme')
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
    await database.owner.query('select pg_terminate_backend($1)', [rows[0]?.pid])
    const answered = await sql`select 1`.execute(db).catch((error: unknown) => error)
    if (answered instanceof Error) expect(answered).toMatchObject({ kind: 'unavailable' })
    expect((await sql<{ n: number }>`select 1 as n`.execute(db)).rows).toEqual([{ n: 1 }])
    await own.close()
  })

  it.each([
    ['2026-11-20 12:34:56+00', '2026-11-20T12:34:56.000Z'],
    ['2026-11-20 12:34:56.7+00', '2026-11-20T12:34:56.700Z'],
    ['2026-02-28 23:59:59.999999+00', '2026-02-28T23:59:59.999Z'],
    ['2000-02-29 00:00:00.001+00', '2000-02-29T00:00:00.001Z'],
    ['1969-12-31 23:59:59.5+00', '1969-12-31T23:59:59.500Z'],
    ['0044-03-15 10:00:00+00', '0044-03-15T10:00:00.000Z'],
    ['10000-01-01 00:00:00+00', '+010000-01-01T00:00:00.000Z'],
    ['2026-11-20 12:34:56+01', '2026-11-20T11:34:56.000Z'],
  ])('reads the instant %s to the millisecond', async (text, iso) => {
    const db = database.forTenant('acme')
    const { rows } = await sql<{ at: Date }>`select ${text}::timestamptz as at`.execute(db)
    expect(rows[0]?.at.toISOString()).toBe(iso)
  })

  it('never rounds a bigint', async () => {
    const db = database.forTenant('acme')
    expect((await sql<{ n: number }>`select 9007199254740991::bigint as n`.execute(db)).rows).toEqual([
      { n: 9007199254740991 },
    ])
    await expect(sql`select 9007199254740993::bigint as n`.execute(db)).rejects.toThrow('2^53')
  })
})
