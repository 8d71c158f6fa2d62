import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { bareText, numberParameters } from './named-parameters.ts'
import { statement, writing } from './statement.ts'
import { sql, sqlJoin, sqlName, sqlText } from './sql.ts'
import { autocommit, transact } from './transact.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  await database.owner.query(`
    create schema shop;
    create table shop.items (tenant_id text not null, name text not null, price bigint not null, primary key (tenant_id, name));
    select kernel.isolate_tenant('shop.items')`)
})

const Item = z.strictObject({ name: z.string(), price: z.int() })
const insert = writing('shop.insert', sql`insert into shop.items values (:tenant_id, :name, :price)`, {
  params: Item.shape,
})
const find = statement(
  'shop.find',
  sql`select name, price from shop.items where tenant_id = :tenant_id and name = :name`,
  {
    params: { name: z.string() },
    row: Item,
  },
)

describe('named parameters', () => {
  it('are numbered by their first appearance, each once', () => {
    expect(numberParameters('select :b, :a, :b')).toEqual({ text: 'select $1, $2, $1', names: ['b', 'a'] })
  })

  it.each([
    ["select ':a', 'it''s :a'", []],
    ['select ":a"', []],
    ['select a::text, :a::text[]', ['a']],
    ['select 1 -- :a\n, :b', ['b']],
    ['select /* :a */ :b', ['b']],
    ['select $$ :a $$, $x$ :a $x$, :b', ['b']],
  ])('are not looked for in what is quoted, commented or a cast: %s', (text, names) => {
    expect(numberParameters(text).names).toEqual(names)
  })

  it('leave no place for a number', () => {
    expect(() => numberParameters('select $1')).toThrow('Parameters must be named')
  })

  it('leave nothing of what is quoted in the bare text', () => {
    expect(bareText("select 'insert into' -- for update").trim()).toBe('select')
  })
})

describe('sql', () => {
  it('takes other pieces of SQL and numbers, and no text', () => {
    const columns = sqlJoin([sqlName('a'), sqlName('b')])
    expect(sql`select ${columns} from t limit ${3} /* ${sqlText("it's")} */`.text).toBe(
      "select a, b from t limit 3 /* 'it''s' */",
    )
    const text: never = 'a; drop table t' as never
    expect(() => sql`select ${text}`).toThrow('Only SQL and numbers')
    expect(() => sqlName('a; drop table t')).toThrow('not a plain SQL name')
  })
})

describe('a statement', () => {
  it('binds by name, with the tenant of its context', async () => {
    const [mine, theirs] = [await testTenant(database), await testTenant(database)]
    await insert(autocommit(mine.ctx()), { name: 'pen', price: 120 })
    await insert(autocommit(theirs.ctx()), { name: 'pen', price: 80 })
    expect(await find(mine.ctx(), { name: 'pen' })).toEqual([{ name: 'pen', price: 120 }])
  })

  it('runs inside a transaction, and is undone with it', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const broken = transact(ctx.db, async (db) => {
      await insert({ ...ctx, db }, { name: 'ink', price: 5 })
      expect(await find({ ...ctx, db }, { name: 'ink' })).toHaveLength(1)
      throw new Error('undone')
    })
    await expect(broken).rejects.toThrow('undone')
    expect(await find(ctx, { name: 'ink' })).toEqual([])
  })

  it('that names a tenant is refused without one', async () => {
    await expect(find({ db: database.system }, { name: 'pen' })).rejects.toThrow('without a tenant')
  })

  it('whose rows are not as declared is refused in tests, by column', async () => {
    const wrong = statement('shop.wrong', sql`select name, price from shop.items where tenant_id = :tenant_id`, {
      row: z.strictObject({ name: z.string(), price: z.string() }),
    })
    const less = statement('shop.less', sql`select name, price from shop.items where tenant_id = :tenant_id`, {
      row: z.strictObject({ name: z.string() }),
    })
    const tenant = await testTenant(database)
    await insert(autocommit(tenant.ctx()), { name: 'pen', price: 120 })
    await expect(wrong(tenant.ctx())).rejects.toThrow('shop.wrong: price')
    await expect(less(tenant.ctx())).rejects.toThrow('price')
  })

  it('is refused at its definition when its parameters are not those of its text', () => {
    expect(() => statement('shop.more', sql`select 1`, { params: { name: z.string() } })).toThrow('does not use: name')
    expect(() => statement('shop.unknown', sql`select :name`)).toThrow('params does not have: name')
  })

  it.each([
    'insert into shop.items values (1)',
    'with gone as (delete from shop.items) select 1',
    'update shop.items set price = 1',
    'update oauth2.clients c set name = 1',
    'update only items as i set price = 1',
    'update "a"."b" set c = 1',
    "select setval('s', 1)",
    'select 1 from shop.items for update',
    'select 1 from shop.items for no key update skip locked',
    'select pg_advisory_xact_lock(1)',
    "select set_config('work_mem', '64MB', true)",
  ])('that writes or locks must be a writing one: %s', (text) => {
    const piece = { text } as ReturnType<typeof sql>
    expect(() => statement('shop.reads', piece)).toThrow('writes or locks')
    expect(() => writing('shop.writes', piece)).not.toThrow()
  })

  it.each([
    ':name is null or name = :name',
    ':name::text is null or name = :name',
    '(:name::text[] is null or name = any(:name))',
  ])('has no optional filter: %s', (condition) => {
    const piece = { text: `select name from shop.items where ${condition}` } as ReturnType<typeof sql>
    const optional = () =>
      statement('shop.optional', piece, { params: { name: z.string() }, row: Item.pick({ name: true }) })
    expect(optional).toThrow('makes :name optional')
  })

  it('that only reads must not be a writing one', () => {
    expect(() => writing('shop.reads', sql`select updated_at, 'insert into' from shop.items`)).toThrow('neither writes')
  })

  it('is prepared on every connection that runs it, however many texts there were before', async () => {
    const db = database.forTenant('t')
    const before = database.preparedCount()
    for (let made = 0; made < 450; made++) {
      const { rows } = await database.owner.query<{ n: number }>('select 1 as n')
      expect(rows).toHaveLength(1)
      await statement(`shop.numbered-${made}`, sql`select ${made} as n`, { row: z.strictObject({ n: z.int() }) })({
        db,
      })
    }
    expect(database.preparedCount() - before).toBe(450)
  })
})

describe('a transaction', () => {
  it('is refused inside another, and beside one that is open in the same call', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const nested = transact(ctx.db, (tx) => transact(tx, () => Promise.resolve(1)))
    await expect(nested).rejects.toThrow('inside another')
    const beside = transact(ctx.db, () => transact(tenant.ctx().db, () => Promise.resolve(1)))
    await expect(beside).rejects.toThrow('while another is open')
  })

  it('cannot be ended or begun by a statement inside it', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const ending = transact(ctx.db, async (db) => {
      await insert({ ...ctx, db }, { name: 'cap', price: 1 })
      await statement('shop.end', sql`commit`)({ db })
    })
    await expect(ending).rejects.toThrow('begun or ended inside')
    const begun = transact(ctx.db, (tx) => tx.transaction().execute(() => Promise.resolve(1)))
    await expect(begun).rejects.toThrow('begun or ended inside')
    expect(await find(ctx, { name: 'cap' })).toEqual([])
  })

  it('leaves a handle that is of no use', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const kept = await transact(ctx.db, (tx) => Promise.resolve(tx))
    await expect(find({ ...ctx, db: kept }, { name: 'pen' })).rejects.toThrow('a transaction that has ended')
  })

  it('whose work caught a database error is not told as kept', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    await insert(autocommit(ctx), { name: 'twin', price: 1 })
    const caught = transact(ctx.db, async (db) => {
      await insert({ ...ctx, db }, { name: 'lid', price: 1 })
      await insert({ ...ctx, db }, { name: 'twin', price: 2 }).catch(() => undefined)
    })
    await expect(caught).rejects.toThrow('caught a database error')
    expect(await find(ctx, { name: 'lid' })).toEqual([])
  })

  it('that only reads refuses a write', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const writes = transact(ctx.db, (db) => insert({ ...ctx, db }, { name: 'x', price: 1 }), { readOnly: true })
    await expect(writes).rejects.toThrow('read-only transaction')
  })
})
