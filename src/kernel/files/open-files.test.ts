import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FileSettings } from '#kernel/config/files'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { transact } from '../database/transact.ts'
import { personOf } from '../personal-data/person.ts'
import { clearFilesJob } from './clear.ts'
import { openFileStore } from './file-store.ts'
import { filesPersonalData } from './personal-data.ts'

const database = await testDatabase()
const files = openFileStore({
  settings: FileSettings.parse({}),
  database,
  secrets: { value: () => undefined },
  log: quiet,
  observe: () => undefined,
})

async function* one(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

const put = (tenant: TestTenant, name: string, more: { readonly about?: string; readonly expiresAt?: Date } = {}) =>
  files.put(tenant.ctx(), { name, mediaType: 'text/plain', content: one(name), ...more })

const namesOf = async (tenant: TestTenant) => (await files.list(tenant.ctx())).files.map(({ name }) => name)

it('lists every name of a prefix once, in order, whatever the pages', async () => {
  const tenant = await testTenant(database)
  const names = ['a', 'a/1', 'a/2', 'a/\u{1F600}', 'a/é', 'ab', 'b/1', 'ä/1'].toSorted((a, b) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b)),
  )
  for (const name of names) await put(tenant, name)
  const prefixes = ['', 'a', 'a/', 'a/\u{1F600}', 'b', 'c', 'ä']
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...prefixes), fc.integer({ min: 1, max: 9 }), async (prefix, limit) => {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await files.list(tenant.ctx(), { prefix, limit, ...(cursor !== undefined && { cursor }) })
        expect(page.files.length).toBeLessThanOrEqual(limit)
        seen.push(...page.files.map(({ name }) => name))
        cursor = page.nextCursor
      } while (cursor !== undefined)
      expect(seen).toEqual(names.filter((name) => name.startsWith(prefix)))
    }),
    { numRuns: 40 },
  )
})

it.each([
  ...[
    '',
    '/a',
    'a/',
    'a//b',
    '.',
    '../a',
    'a/./b',
    'a\\b',
    'a\0b',
    'a\nb',
    ' a',
    'a/b ',
    'e\u0301',
    '\uD800',
    'x'.repeat(513),
  ],
])('refuses the name %j, telling what a name is', async (name) => {
  const tenant = await testTenant(database)
  const problems = [expect.objectContaining({ path: 'name' })]
  await expect(put(tenant, name)).rejects.toMatchObject({ kind: 'invalid', problems })
  await expect(files.get(tenant.ctx(), name)).rejects.toMatchObject({ kind: 'invalid', problems })
  await expect(files.delete(tenant.ctx(), name)).rejects.toMatchObject({ kind: 'invalid', problems })
})

it('refuses what is wrong of a file or a page, naming the field', async () => {
  const tenant = await testTenant(database)
  const expectProblem = (call: Promise<unknown>, path: string) =>
    expect(call).rejects.toMatchObject({ kind: 'invalid', problems: [expect.objectContaining({ path })] })
  const file = { name: 'a', mediaType: 'text/plain', content: one('') }
  await expectProblem(files.put(tenant.ctx(), { ...file, mediaType: 'text' }), 'mediaType')
  await expectProblem(files.put(tenant.ctx(), { ...file, expiresAt: TEST_NOW }), 'expiresAt')
  await expectProblem(files.put(tenant.ctx(), { ...file, about: 'ann@example.com' }), 'about')
  await expectProblem(files.list(tenant.ctx(), { limit: 0 }), 'limit')
  await expectProblem(files.list(tenant.ctx(), { cursor: '%' }), 'cursor')
  await expectProblem(files.list(tenant.ctx(), { prefix: '\0' }), 'prefix')
  expect(await namesOf(tenant)).toEqual([])
})

it('is refused inside a transaction, which would wait for the stream', async () => {
  const tenant = await testTenant(database)
  const ctx = tenant.ctx()
  const inside = transact(ctx.db, (tx) => files.list({ ...ctx, db: tx }))
  await expect(inside).rejects.toThrow('never inside one')
})

it('content that was damaged in the database is never read to its end', async () => {
  const tenant = await testTenant(database)
  await put(tenant, 'damaged')
  await database.owner.query(`update files.chunks set data = '\\x00' where tenant_id = $1`, [tenant.tenantId])
  const { content } = await files.get(tenant.ctx(), 'damaged')
  await expect(content[Symbol.asyncIterator]().next()).rejects.toMatchObject({ kind: 'upstream' })
})

it('the job is due for tenants that have something to clear, and for no other', async () => {
  const [idle, short, cut] = [await testTenant(database), await testTenant(database), await testTenant(database)]
  await put(idle, 'a', { expiresAt: new Date(TEST_NOW.getTime() + 120_000) })
  await put(short, 'a', { expiresAt: new Date(TEST_NOW.getTime() + 60_000) })
  await put(cut, 'a')
  await put(cut, 'a')
  const job = clearFilesJob(files)
  const due = async (seconds: number) => {
    const now = new Date(TEST_NOW.getTime() + seconds * 1000)
    const tenants = new Set(typeof job.due === 'function' ? await job.due(database.system, now) : [])
    return [idle, short, cut].filter(({ tenantId }) => tenants.has(tenantId))
  }
  expect([await due(0), await due(60), await due(700)]).toEqual([[], [short], [idle, short, cut]])
  const late = { clock: () => new Date(TEST_NOW.getTime() + 700_000) }
  for (const tenant of [idle, short, cut]) await job.run(tenant.ctx(late), {})
  expect(await due(700)).toEqual([])
  expect([await namesOf(idle), await namesOf(cut)]).toEqual([[], ['a']])
})

it('files about a person are exported and erased with their content, and names that mention them are replaced', async () => {
  const tenant = await testTenant(database)
  await put(tenant, 'a', { about: 'user:usr_1' })
  await put(tenant, 'b', { about: 'user:usr_2' })
  await put(tenant, 'exports/ada@example.com')
  const person = personOf({ refs: ['user:usr_1', 'contact:cnt_1'], emails: ['ada@example.com'] }, 'salt')
  const ctx = tenant.ctx()
  expect(await filesPersonalData.export(ctx, person)).toMatchObject([
    { table: 'files.files', relation: 'own', name: 'a', media_type: 'text/plain', bytes: 1, about: 'user:usr_1' },
    { relation: 'mentioned', name: 'exports/ada@example.com' },
  ])
  const outcome = { erased: 1, scrubbed: 1 }
  expect(await filesPersonalData.preview(ctx, person)).toMatchObject(outcome)
  await transact(ctx.db, (tx) => filesPersonalData.erase({ ...ctx, db: tx }, person))
  expect(await filesPersonalData.preview(ctx, person)).toMatchObject({ erased: 0, scrubbed: 0 })
  expect(await namesOf(tenant)).toEqual(['b', expect.stringMatching(/^erased_[0-9a-f]{20}$/)])
  const { rows } = await database.owner.query(
    `select convert_from(data, 'utf8') as text, u.bytes::int from files.chunks c join files.usage u on u.tenant_id = c.tenant_id
     where c.tenant_id = $1 order by text`,
    [tenant.tenantId],
  )
  expect(rows).toEqual([
    { text: 'b', bytes: 24 },
    { text: 'exports/ada@example.com', bytes: 24 },
  ])
})
