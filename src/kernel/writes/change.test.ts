import { sql } from 'kysely'
import { beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { change } from './change.ts'
import type { Ctx } from '../context.ts'

interface Note {
  key: string
  text: string
}

let database: TestDatabase

beforeAll(async () => {
  database = await testDatabase()
  await database.owner.query(`
    create schema notes;
    create table notes.notes (tenant_id text not null, key text not null, text text not null, primary key (tenant_id, key));
    select kernel.isolate_tenant('notes.notes')`)
})

async function insertNote(ctx: Ctx, note: Note) {
  await sql`insert into notes.notes values (${ctx.tenantId}, ${note.key}, ${note.text})`.execute(ctx.db)
}

const writeNote = change<Note, Note>(
  'notes.write',
  'customers:write',
  async (ctx, note) => {
    await insertNote(ctx, note)
    return {
      result: note,
      subject: note.key,
      after: note,
      events: [{ name: 'notes.written', payload: { key: note.key } }],
    }
  },
  { idempotencyKey: (note) => (note.key.startsWith('once-') ? note.key : undefined) },
)

async function notes(ctx: Ctx): Promise<Note[]> {
  const { rows } = await sql<Note>`select key, text from notes.notes order by key`.execute(ctx.db)
  return rows
}

async function auditOf(ctx: Ctx) {
  const { rows } = await sql<{ action: string; subject: string; actor_id: string; request_id: string; after: Note }>`
    select action, subject, actor_id, request_id, after from audit.events where tenant_id = ${ctx.tenantId}`.execute(
    ctx.db,
  )
  return rows
}

describe('a change', () => {
  it('is kept together with its audit row and its events', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    expect(await writeNote(ctx, { key: 'a', text: 'hello' })).toEqual({ key: 'a', text: 'hello' })
    expect(await notes(ctx)).toEqual([{ key: 'a', text: 'hello' }])
    expect(await auditOf(ctx)).toEqual([
      {
        action: 'notes.write',
        subject: 'a',
        actor_id: 'key_test',
        request_id: 'req_test',
        after: { key: '[withheld: secret]', text: 'hello' },
      },
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

  it('that fails leaves neither rows nor an audit row', async () => {
    const tenant = await testTenant(database)
    const failing = change<Note, never>('notes.fail', 'customers:write', async (ctx, note) => {
      await insertNote(ctx, note)
      throw new Error('broken half-way')
    })
    await expect(failing(tenant.ctx(), { key: 'a', text: 'x' })).rejects.toThrow('broken half-way')
    expect(await notes(tenant.ctx())).toEqual([])
    expect(await auditOf(tenant.ctx())).toEqual([])
  })

  it('repeated with its idempotency key returns the first result and writes once', async () => {
    const tenant = await testTenant(database)
    const note = { key: 'once-1', text: 'first' }
    const results = await Promise.all(Array.from({ length: 5 }, () => writeNote(tenant.ctx(), note)))
    expect(results).toEqual(Array.from({ length: 5 }, () => note))
    expect(await notes(tenant.ctx())).toHaveLength(1)
    expect(await auditOf(tenant.ctx())).toHaveLength(1)
  })

  it('repeated with its idempotency key and other arguments is a conflict', async () => {
    const tenant = await testTenant(database)
    await writeNote(tenant.ctx(), { key: 'once-2', text: 'first' })
    await expect(writeNote(tenant.ctx(), { key: 'once-2', text: 'other' })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'IDEMPOTENCY_KEY_REUSED',
    })
  })

  it('that deadlocks with another is tried again until both are kept', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    for (const key of ['x', 'y']) await writeNote(ctx, { key, text: '0' })
    const arrived = meeting(2)
    const touchBoth = change<readonly [string, string], number>(
      'notes.touch',
      'customers:write',
      async (inner, keys) => {
        const touch = (key: string) =>
          sql`update notes.notes set text = (text::int + 1)::text where tenant_id = ${inner.tenantId} and key = ${key}`.execute(
            inner.db,
          )
        await touch(keys[0])
        await arrived()
        await touch(keys[1])
        return { result: 1, subject: 'both' }
      },
    )
    await Promise.all([touchBoth(ctx, ['x', 'y']), touchBoth(tenant.ctx(), ['y', 'x'])])
    expect(await notes(ctx)).toEqual([
      { key: 'x', text: '2' },
      { key: 'y', text: '2' },
    ])
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
    await expect(insertNote(forged, { key: 'forged', text: 'x' })).rejects.toThrow('row-level security')
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
    await expect(sql`delete from audit.events`.execute(tenant.ctx().db)).rejects.toThrow('permission denied')
    await expect(sql`update audit.events set subject = 'b'`.execute(tenant.ctx().db)).rejects.toThrow(
      'permission denied',
    )
  })
})

/** Resolves for everybody once `size` callers are waiting; for later callers at once. */
function meeting(size: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let waiting = 0
  return () => {
    if (++waiting >= size) resolve()
    return promise
  }
}
