import { sql as raw } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { cacheTags } from '../cache/tags.ts'
import { operation } from '../calls/operation.ts'
import type { Ctx } from '../context.ts'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { autocommit } from '../database/transact.ts'
import { change } from './change.ts'
import type { WriteCtx } from './change.ts'

const Note = z.strictObject({ key: z.string(), text: z.string(), idempotency_key: z.string().optional() })
type Note = z.output<typeof Note>
const Nothing = z.strictObject({})
const noteTags = cacheTags('notes', { note: 'each' })

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  await database.owner.query(`
    create schema notes;
    create table notes.notes (tenant_id text not null, key text not null, text text not null, primary key (tenant_id, key));
    select kernel.isolate_tenant('notes.notes')`)
})

const params = { key: z.string(), text: z.string() }
const insertNote = writing('notes.insert', sql`insert into notes.notes values (:tenant_id, :key, :text)`, { params })
const touchNote = writing(
  'notes.touch',
  sql`update notes.notes set text = (text::int + 1)::text where tenant_id = :tenant_id and key = :key`,
  { params: { key: z.string() } },
)
// Has no tenant condition: only row-level security keeps other tenants' rows out.
const allNotes = statement('notes.all', sql`select key, text from notes.notes order by key`, {
  row: z.strictObject(params),
})

const write = (ctx: WriteCtx, { key, text }: Note) => insertNote(ctx, { key, text })

const writeNote = change({
  action: 'notes.write',
  scope: 'customers:write',
  effect: 'create',
  input: Note,
  output: Note,
  async work(ctx, note) {
    await write(ctx, note)
    return {
      result: note,
      subject: note.key,
      after: { text: note.text },
      events: [{ name: 'notes.written', payload: { key: note.key } }],
      invalidates: [noteTags.note(note.key)],
      touched: { key: note.key, version: 0 },
    }
  },
})

const notes = (ctx: Ctx) => allNotes(ctx)

interface Audited {
  action: string
  subject: string
  actor_id: string
  request_id: string
  after: unknown
}

async function auditOf(ctx: Ctx): Promise<Audited[]> {
  const { rows } = await database.owner.query<Audited>(
    'select action, subject, actor_id, request_id, after from audit.events where tenant_id = $1 order by id',
    [ctx.tenantId],
  )
  return rows
}

const keysOf = (rows: readonly { key: string }[]) => rows.map(({ key }) => key)

describe('a change', () => {
  it('is kept together with its audit row and its events', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    expect(await writeNote(ctx, { key: 'a', text: 'hello' })).toEqual({ key: 'a', text: 'hello' })
    expect(await notes(ctx)).toEqual([{ key: 'a', text: 'hello' }])
    expect(await auditOf(ctx)).toEqual([
      { action: 'notes.write', subject: 'a', actor_id: 'key_test', request_id: 'req_test', after: { text: 'hello' } },
    ])
    expect(tenant.published).toEqual([{ name: 'notes.written', payload: { key: 'a' } }])
  })

  it('of a caller without the scope is refused before anything is written', async () => {
    const tenant = await testTenant(database)
    const readOnly = tenant.ctx({ scopes: ['customers:read'] })
    await expect(writeNote(readOnly, { key: 'a', text: 'x' })).rejects.toMatchObject({
      kind: 'forbidden',
      scopesNeeded: ['customers:write'],
    })
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
  })

  it('of a caller who acts for no person is refused where it is personal', async () => {
    const own = change({
      action: 'notes.own',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      personal: true,
      work: async () => ({ result: {}, subject: 'own' }),
    })
    const tenant = await testTenant(database)
    await expect(own(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toMatchObject({ code: 'USER_REQUIRED' })
    expect(await own(tenant.ctx({ userId: 'usr_1' }), { key: 'a', text: 'x' })).toEqual({})
  })

  it('that fails leaves neither rows nor an audit row', async () => {
    const tenant = await testTenant(database)
    await expect(failAfterWriting(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('broken half-way')
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
  })

  it('that names nothing it changed is not kept', async () => {
    const silent = change({
      action: 'notes.silent',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      async work(ctx, note) {
        await write(ctx, note)
        return { result: {} }
      },
    })
    const tenant = await testTenant(database)
    await expect(silent(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('returned no audit data')
    expect(await notes(tenant.ctx())).toEqual([])
  })

  it('may leave several audit entries', async () => {
    const both = change({
      action: 'notes.both',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      async work(ctx, note) {
        await write(ctx, note)
        const entry = (subject: string) => ({ action: 'notes.one-of-both', subject })
        return { result: {}, entries: [entry('first'), entry('second')] }
      },
    })
    const tenant = await testTenant(database)
    await both(tenant.ctx(), { key: 'a', text: 'x' })
    expect((await auditOf(tenant.ctx())).map(({ subject }) => subject).toSorted()).toEqual(['first', 'second'])
  })

  it('that asks for a rollback keeps and tells nothing, and has a result', async () => {
    const nothing = change({
      action: 'notes.nothing',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Note,
      async work(ctx, note) {
        await write(ctx, note)
        return { result: note, rollback: true, events: [{ name: 'notes.written', payload: {} }] }
      },
    })
    const tenant = await testTenant(database)
    expect(await nothing(tenant.ctx(), { key: 'a', text: 'x' })).toEqual({ key: 'a', text: 'x' })
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
    expect(tenant.published).toEqual([])
  })

  it('that deadlocks with another is tried again until both are kept', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    for (const key of ['x', 'y']) await writeNote(ctx, { key, text: '0' })
    const arrived = meeting(2)
    const touchBoth = change({
      action: 'notes.touch',
      scope: 'customers:write',
      effect: 'update',
      output: Nothing,
      input: z.strictObject({ keys: z.tuple([z.string(), z.string()]) }),
      async work(inner, { keys }) {
        await touchNote(inner, { key: keys[0] })
        await arrived()
        await touchNote(inner, { key: keys[1] })
        return { result: {}, subject: 'both' }
      },
    })
    await Promise.all([touchBoth(ctx, { keys: ['x', 'y'] }), touchBoth(tenant.ctx(), { keys: ['y', 'x'] })])
    expect(await notes(ctx)).toEqual([
      { key: 'x', text: '2' },
      { key: 'y', text: '2' },
    ])
  })
})

it('a change that loses to others every time is tried four times, and is a conflict then', async () => {
  const tenant = await testTenant(database)
  let tries = 0
  const losing = change({
    action: 'notes.lose',
    scope: 'customers:write',
    effect: 'update',
    input: Nothing,
    output: Nothing,
    async work({ db }) {
      tries += 1
      await raw`do $$ begin raise exception using errcode = '40001'; end $$`.execute(db)
      return { result: {}, subject: 'x' }
    },
  })
  await expect(losing(tenant.ctx(), {})).rejects.toMatchObject({ kind: 'conflict', retryAfterSeconds: 1 })
  expect(tries).toBe(4)
})

const failAfterWriting = change({
  action: 'notes.fail',
  scope: 'customers:write',
  effect: 'create',
  input: Note,
  output: Nothing,
  async work(ctx, note) {
    await write(ctx, note)
    throw new Error('broken half-way')
  },
})

describe('a retried call', () => {
  const once = { key: 'a', text: 'first', idempotency_key: 'k1' }

  it('with the same idempotency key returns the first result and writes once', async () => {
    const tenant = await testTenant(database)
    const results = await Promise.all(Array.from({ length: 5 }, () => writeNote(tenant.ctx(), once)))
    expect(results).toEqual(Array.from({ length: 5 }, () => once))
    expect(await notes(tenant.ctx())).toHaveLength(1)
    expect(await auditOf(tenant.ctx())).toHaveLength(1)
    expect(tenant.published).toHaveLength(1)
  })

  it('with the same idempotency key and other arguments is a conflict', async () => {
    const tenant = await testTenant(database)
    await writeNote(tenant.ctx(), once)
    await expect(writeNote(tenant.ctx(), { ...once, text: 'other' })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
  })

  it('is answered from what was kept for it, which may be less than the result', async () => {
    const secretive = change({
      action: 'notes.secretive',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Note,
      idempotency: {
        keep: ({ key }) => ({ key }),
        recall: (_ctx, kept: { key: string }) => Promise.resolve({ key: kept.key, text: 'read again' }),
      },
      async work(ctx, note) {
        await write(ctx, note)
        return { result: note, subject: note.key }
      },
    })
    const tenant = await testTenant(database)
    expect(await secretive(tenant.ctx(), once)).toEqual(once)
    expect(await secretive(tenant.ctx(), once)).toEqual({ key: 'a', text: 'read again' })
    const { rows } = await database.owner.query('select result from kernel.idempotency_keys where tenant_id = $1', [
      tenant.tenantId,
    ])
    expect(rows).toEqual([{ result: { key: 'a' } }])
  })

  it('of a change inside another is known by its own key, in the same transaction', async () => {
    const outer = writeBoth({ idempotency_key: 'inner' })
    const tenant = await testTenant(database)
    await outer(tenant.ctx(), { key: 'a', text: 'x' })
    await outer(tenant.ctx(), { key: 'b', text: 'x' })
    expect(keysOf(await notes(tenant.ctx()))).toEqual(['a', 'b', 'inner'])
    const failing = writeBoth({ idempotency_key: 'other', key: 'other' }, () => {
      throw new Error('after the inner change')
    })
    await expect(failing(tenant.ctx(), { key: 'c', text: 'x' })).rejects.toThrow('after the inner change')
    expect(await writeNote(tenant.ctx(), { key: 'other', text: 'x', idempotency_key: 'other' })).toMatchObject({
      key: 'other',
    })
  })
})

/** A change that writes its own note and then one through `writeNote`. */
function writeBoth(inner: Partial<Note> = {}, after: (ctx: WriteCtx) => Promise<void> | void = () => undefined) {
  return change({
    action: 'notes.write-both',
    scope: 'tasks:write',
    effect: 'create',
    input: Note,
    output: Nothing,
    calls: [writeNote],
    async work(ctx, note) {
      await write(ctx, note)
      await writeNote({ ...ctx, actor: { kind: 'job', id: 'inner' } }, { key: 'inner', text: 'x', ...inner })
      await after(ctx)
      return { result: {}, subject: note.key, events: [{ name: 'notes.both', payload: {} }] }
    },
  })
}

describe('a change inside another', () => {
  it('is kept with it, each with the audit row of its own actor, and their events go out once, in order', async () => {
    const tenant = await testTenant(database)
    await writeBoth()(tenant.ctx(), { key: 'a', text: 'x' })
    expect(keysOf(await notes(tenant.ctx()))).toEqual(['a', 'inner'])
    expect((await auditOf(tenant.ctx())).map(({ action, actor_id }) => `${action} by ${actor_id}`).toSorted()).toEqual([
      'notes.write by inner',
      'notes.write-both by key_test',
    ])
    expect(tenant.published.map(({ name }) => name)).toEqual(['notes.written', 'notes.both'])
  })

  it('is undone when the outer one fails after it', async () => {
    const tenant = await testTenant(database)
    const failing = writeBoth({}, () => {
      throw new Error('later')
    })
    await expect(failing(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('later')
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
    expect(tenant.published).toEqual([])
  })

  it('that fails undoes the whole, even when its failure is caught', async () => {
    const tenant = await testTenant(database)
    const catching = change({
      action: 'notes.catching',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      calls: [failAfterWriting],
      async work(ctx, note) {
        await write(ctx, note)
        await failAfterWriting(ctx, { key: 'inner', text: 'x' }).catch(() => undefined)
        return { result: {}, subject: note.key }
      },
    })
    await expect(catching(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('broken half-way')
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
  })

  it('that meets a deadlock makes the whole be tried again, once, even when it is caught', async () => {
    const tenant = await testTenant(database)
    for (const key of ['x', 'y']) await writeNote(tenant.ctx(), { key, text: '0' })
    const before = tenant.published.length
    const arrived = meeting(2)
    let attempts = 0
    const touch = change({
      action: 'notes.touch',
      scope: 'customers:write',
      effect: 'update',
      output: Nothing,
      input: z.strictObject({ key: z.string() }),
      async work(ctx, { key }) {
        await touchNote(ctx, { key })
        return { result: {}, subject: key, events: [{ name: 'notes.touched', payload: { key } }] }
      },
    })
    const touchBoth = change({
      action: 'notes.touch-both',
      scope: 'customers:write',
      effect: 'update',
      output: Nothing,
      input: z.strictObject({ keys: z.tuple([z.string(), z.string()]) }),
      calls: [touch],
      async work(ctx, { keys }) {
        attempts += 1
        await touch(ctx, { key: keys[0] })
        await arrived()
        await touch(ctx, { key: keys[1] }).catch(() => undefined)
        return { result: {}, subject: 'both' }
      },
    })
    await Promise.all([touchBoth(tenant.ctx(), { keys: ['x', 'y'] }), touchBoth(tenant.ctx(), { keys: ['y', 'x'] })])
    expect(attempts).toBe(3)
    expect((await notes(tenant.ctx())).map(({ text }) => text)).toEqual(['2', '2'])
    expect((await auditOf(tenant.ctx())).filter(({ action }) => action === 'notes.touch')).toHaveLength(4)
    expect(tenant.published.slice(before)).toHaveLength(4)
  })

  it('has its scope checked before the outer one begins', async () => {
    const tenant = await testTenant(database)
    const outerAlone = tenant.ctx({ scopes: ['tasks:write'] })
    await expect(writeBoth()(outerAlone, { key: 'a', text: 'x' })).rejects.toMatchObject({
      scopesNeeded: ['customers:write'],
    })
    expect(writeBoth().scopes).toEqual(['tasks:write', 'customers:write'])
  })

  it('is refused where the outer one does not list it', async () => {
    const tenant = await testTenant(database)
    const undeclared = change({
      action: 'notes.undeclared',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      async work(ctx, note) {
        await writeNote(ctx, note)
        return { result: {}, subject: note.key }
      },
    })
    await expect(undeclared(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('does not list it in `calls`')
    expect(await notes(tenant.ctx())).toEqual([])
  })

  it('may not ask for a rollback, which the outer one would not see', async () => {
    const taking = change({
      action: 'notes.taking',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      work: async () => ({ result: {}, rollback: true }),
    })
    const outer = change({
      action: 'notes.outer',
      scope: 'customers:write',
      effect: 'create',
      input: Note,
      output: Nothing,
      calls: [taking],
      async work(ctx, note) {
        await write(ctx, note)
        await taking(ctx, note)
        return { result: {}, subject: note.key }
      },
    })
    const tenant = await testTenant(database)
    await expect(outer(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('only the outermost may')
    expect(await notes(tenant.ctx())).toEqual([])
  })

  it('called with a context from outside is refused, for it would commit alone', async () => {
    const tenant = await testTenant(database)
    const outside = tenant.ctx()
    const captured = writeBoth({}, async () => {
      await writeNote(outside, { key: 'alone', text: 'x' })
    })
    await expect(captured(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('opened while another is open')
    expect(await notes(tenant.ctx())).toEqual([])
  })

  it('loads past the cache, and what it invalidates is forgotten after the commit', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const options = { name: 'notes.inner', ttlSeconds: 60, tags: [noteTags.note('inner')] }
    const count = (from: Ctx) =>
      from.cache.getOrLoad(from.tenantId, 'count', options, async () => (await notes(from)).length)
    expect(await count(ctx)).toBe(0)
    const seen: number[] = []
    await writeBoth({}, async (inside) => void seen.push(await count(inside), await count(ctx)))(ctx, {
      key: 'a',
      text: 'x',
    })
    expect(seen).toEqual([2, 0])
    expect(await count(ctx)).toBe(2)
  })
})

describe('a preview', () => {
  it('returns the result and what would be touched, and leaves nothing, its idempotency key included', async () => {
    const tenant = await testTenant(database)
    const input = { key: 'a', text: 'x', idempotency_key: 'k' }
    expect(await writeNote.preview(tenant.ctx(), input)).toEqual({ result: input, touched: { key: 'a', version: 0 } })
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
    expect(tenant.published).toEqual([])
    await writeNote(tenant.ctx(), input)
    expect(await notes(tenant.ctx())).toHaveLength(1)
  })

  it('is refused inside a change', async () => {
    const tenant = await testTenant(database)
    const previewing = writeBoth({}, async (ctx) => void (await writeNote.preview(ctx, { key: 'p', text: 'x' })))
    await expect(previewing(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('inside another change')
    expect(await notes(tenant.ctx())).toEqual([])
  })

  it('needs the scopes of the change', async () => {
    const tenant = await testTenant(database)
    const readOnly = tenant.ctx({ scopes: ['customers:read'] })
    await expect(writeNote.preview(readOnly, { key: 'a', text: 'x' })).rejects.toMatchObject({ kind: 'forbidden' })
  })
})

it('a change is kept only when what it touched is as it was verified', async () => {
  const tenant = await testTenant(database)
  const refuse = () => {
    throw new Error('touched something else')
  }
  await expect(writeNote.verified(tenant.ctx(), { key: 'a', text: 'x' }, refuse)).rejects.toThrow('something else')
  expect(await notes(tenant.ctx())).toEqual([])
  const seen: unknown[] = []
  await writeNote.verified(tenant.ctx(), { key: 'a', text: 'x' }, (touched) => void seen.push(touched))
  expect(seen).toEqual([{ key: 'a', version: 0 }])
  expect(await notes(tenant.ctx())).toHaveLength(1)
})

it('an operation that is no change is admitted as one is', async () => {
  const plain = operation({
    scope: 'customers:read',
    effect: 'read',
    input: Nothing,
    output: Nothing,
    calls: [writeNote],
    run: () => Promise.resolve({}),
  })
  const tenant = await testTenant(database)
  expect(plain.scopes).toEqual(['customers:read', 'customers:write'])
  await expect(plain(tenant.ctx({ scopes: ['customers:read'] }), {})).rejects.toMatchObject({
    scopesNeeded: ['customers:write'],
  })
})

describe('row-level security', () => {
  it('hides another tenant’s rows from a statement that forgets the tenant', async () => {
    const [mine, theirs] = [await testTenant(database), await testTenant(database)]
    await writeNote(theirs.ctx(), { key: 'secret', text: 'theirs' })
    expect(await notes(mine.ctx())).toEqual([])
    expect(await notes(theirs.ctx())).toHaveLength(1)
  })

  it('refuses to write a row of another tenant', async () => {
    const [mine, theirs] = [await testTenant(database), await testTenant(database)]
    const forged = { ...mine.ctx(), tenantId: theirs.tenantId }
    await expect(insertNote(autocommit(forged), { key: 'forged', text: 'x' })).rejects.toThrow('row-level security')
    expect(await notes(theirs.ctx())).toEqual([])
  })

  it('keeps tenants apart when they take turns on one connection', async () => {
    const tenants = [await testTenant(database), await testTenant(database), await testTenant(database)]
    for (const tenant of tenants) await writeNote(tenant.ctx(), { key: tenant.tenantId, text: 'x' })
    const turns = Array.from({ length: 60 }, (_, turn) => tenants[turn % 3]).filter((tenant) => tenant !== undefined)
    const seen = await Promise.all(turns.map(async (tenant) => ({ tenant, found: await notes(tenant.ctx()) })))
    for (const { tenant, found } of seen) expect(found).toEqual([{ key: tenant.tenantId, text: 'x' }])
  })

  it('lets nobody change or delete what was audited', async () => {
    const tenant = await testTenant(database)
    await writeNote(tenant.ctx(), { key: 'a', text: 'x' })
    await expect(raw`delete from audit.events`.execute(tenant.ctx().db)).rejects.toThrow('permission denied')
    await expect(raw`update audit.events set subject = 'b'`.execute(tenant.ctx().db)).rejects.toThrow(
      'permission denied',
    )
  })
})

/** A barrier: resolves once `size` callers are waiting, and at once for later ones. */
function meeting(size: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let waiting = 0
  return () => {
    if (++waiting >= size) resolve()
    return promise
  }
}
