import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { FileSettings } from '#kernel/config/files'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { startS3 } from '../../../test/support/s3-server.ts'
import { TEST_NOW, testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import type { NewFile } from '../files.ts'
import { openFileStore } from './file-store.ts'

const MEBIBYTE = 1024 ** 2
const database = await testDatabase()

async function* parts(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield typeof text === 'string' ? Buffer.from(text) : text
}

const csv = (name: string, ...texts: readonly string[]): NewFile => ({
  name,
  mediaType: 'text/csv',
  content: parts(...texts),
})

const later = (seconds: number) => () => new Date(TEST_NOW.getTime() + seconds * 1000)

/** Counts of blobs, chunks and bytes left in the database, in any state. */
async function leftOf({ tenantId }: TestTenant): Promise<{ blobs: number; chunks: number; bytes: number }> {
  const { rows } = await database.owner.query(
    `select (select count(*)::int from files.blobs where tenant_id = $1) as blobs,
       (select count(*)::int from files.chunks where tenant_id = $1) as chunks,
       coalesce((select bytes from files.usage where tenant_id = $1), 0)::int as bytes`,
    [tenantId],
  )
  return rows[0]
}

describe.each(['database', 's3'])('files in the %s', { timeout: 60_000 }, async (place) => {
  const s3 = await startS3()
  afterAll(() => s3.close())
  const open = (settings: Readonly<Record<string, unknown>> = {}) => {
    const where = place === 's3' ? { url: s3.url } : {}
    const store = openFileStore({
      settings: FileSettings.parse({ ...where, ...settings }),
      database,
      secrets: { value: () => undefined },
      log: quiet,
      observe: () => undefined,
    })
    onTestFinished(() => store.close())
    return store
  }
  const textOf = async (files: ReturnType<typeof open>, tenant: TestTenant, name: string) =>
    (await buffer((await files.get(tenant.ctx(), name)).content)).toString()

  it('gives back what was put, with its type and SHA-256', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    const stored = await files.put(tenant.ctx(), csv('exports/a.csv', 'id,name\n', '', '1,Ann\n'))
    expect(stored).toEqual({
      name: 'exports/a.csv',
      mediaType: 'text/csv',
      bytes: 14,
      sha256: createHash('sha256').update('id,name\n1,Ann\n').digest('hex'),
      storedAt: TEST_NOW,
      expiresAt: undefined,
      about: undefined,
    })
    const { content, range, ...found } = await files.get(tenant.ctx(), 'exports/a.csv')
    expect([found, range, (await buffer(content)).toString()]).toEqual([stored, undefined, 'id,name\n1,Ann\n'])
  })

  it('keeps an empty file', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    await files.put(tenant.ctx(), csv('empty'))
    expect(await textOf(files, tenant, 'empty')).toBe('')
    expect(await files.list(tenant.ctx())).toMatchObject({ files: [{ name: 'empty', bytes: 0 }] })
  })

  it('gives back any range of any content', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    const whole = Buffer.alloc(2.5 * MEBIBYTE)
    for (let at = 0; at < whole.length; at += 4) whole.writeUInt32LE(at, at)
    await files.put(tenant.ctx(), { name: 'big', mediaType: 'a/b', content: parts(whole) })
    const edges = [0, 1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 2 * MEBIBYTE, whole.length - 1]
    const place = fc.oneof(fc.constantFrom(...edges), fc.integer({ min: 0, max: whole.length - 1 }))
    await fc.assert(
      fc.asyncProperty(place, fc.option(place, { nil: undefined }), async (first, other) => {
        const last = other === undefined ? undefined : Math.max(first, other)
        const found = await files.get(tenant.ctx(), 'big', { first, ...(last !== undefined && { last }) })
        expect(found.range).toEqual({ first, last: last ?? whole.length - 1 })
        expect((await buffer(found.content)).equals(whole.subarray(first, (last ?? whole.length) + 1))).toBe(true)
      }),
      { numRuns: 30 },
    )
    await expect(files.get(tenant.ctx(), 'big', { first: whole.length })).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('shows nothing of an upload before it is whole, and the file before it until then', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    await files.put(tenant.ctx(), csv('a', 'old'))
    const seen: string[] = []
    const content = (async function* () {
      yield Buffer.from('new')
      seen.push(await textOf(files, tenant, 'a'))
      yield Buffer.alloc(2 * MEBIBYTE, 'x')
      seen.push(await textOf(files, tenant, 'a'))
    })()
    await files.put(tenant.ctx(), { name: 'a', mediaType: 'a/b', content })
    expect(seen).toEqual(['old', 'old'])
    expect(await textOf(files, tenant, 'a')).toHaveLength(3 + 2 * MEBIBYTE)
  })

  it('leaves nothing of an upload that fails, and throws what its content threw', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    const content = (async function* () {
      yield Buffer.alloc(17 * MEBIBYTE)
      throw new Error('the source broke')
    })()
    await expect(files.put(tenant.ctx(), { name: 'a', mediaType: 'a/b', content })).rejects.toThrow('the source broke')
    expect(await leftOf(tenant)).toEqual({ blobs: 0, chunks: 0, bytes: 0 })
    expect([s3.half, [...s3.objects.keys()].filter((key) => key.startsWith(tenant.tenantId))]).toEqual([0, []])
    await expect(files.get(tenant.ctx(), 'a')).rejects.toMatchObject({ kind: 'not_found', code: 'FILE_NOT_FOUND' })
  })

  it('leaves nothing of an upload whose caller leaves, even where the content says nothing more', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    const leaving = new AbortController()
    const content = (async function* () {
      yield Buffer.alloc(17 * MEBIBYTE)
      leaving.abort()
      await new Promise(() => undefined)
    })()
    const put = files.put(tenant.ctx({ signal: leaving.signal }), { name: 'a', mediaType: 'a/b', content })
    await expect(put).rejects.toMatchObject({ kind: 'cancelled' })
    expect(await leftOf(tenant)).toEqual({ blobs: 0, chunks: 0, bytes: 0 })
    expect([s3.half, [...s3.objects.keys()].filter((key) => key.startsWith(tenant.tenantId))]).toEqual([0, []])
  })

  it('keeps of several puts of one name the one that ends last, whole', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    const texts = Array.from({ length: 6 }, (_, index) => String(index).repeat(1000))
    const ended: number[] = []
    await Promise.all(
      texts.map(async (text, index) => {
        await files.put(tenant.ctx(), csv('same', text))
        ended.push(index)
      }),
    )
    expect(texts).toContain(await textOf(files, tenant, 'same'))
    await files.put(tenant.ctx(), csv('same', 'last'))
    expect(await textOf(files, tenant, 'same')).toBe('last')
    expect(await leftOf(tenant)).toMatchObject({ blobs: 7, bytes: 4 })
    await files.clear(tenant.ctx({ clock: later(700) }))
    expect(await leftOf(tenant)).toMatchObject({ blobs: 1, bytes: 4 })
  })

  it('lets whoever reads a file go on when it is replaced', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    await files.put(tenant.ctx(), { name: 'a', mediaType: 'a/b', content: parts(Buffer.alloc(3 * MEBIBYTE, 'o')) })
    const { content } = await files.get(tenant.ctx(), 'a')
    const reading = content[Symbol.asyncIterator]()
    await reading.next()
    await files.put(tenant.ctx(), csv('a', 'new'))
    await files.clear(tenant.ctx())
    let rest = 0
    for (let step = await reading.next(); step.done !== true; step = await reading.next()) rest += step.value.length
    expect(rest).toBeGreaterThan(0)
  })

  it('refuses a file, or a tenant, that is too large, while it is read', async () => {
    const tenant = await testTenant(database)
    const files = open({ bytesMax: 3000, tenantBytesMax: 5000 })
    const put = (name: string, bytes: number) =>
      files.put(tenant.ctx(), { name, mediaType: 'a/b', content: parts(Buffer.alloc(bytes)) })
    await expect(put('a', 3001)).rejects.toMatchObject({ kind: 'too_large' })
    await put('a', 3000)
    await expect(put('b', 2001)).rejects.toMatchObject({ kind: 'too_large' })
    await put('b', 2000)
    await put('a', 2999)
    const both = await Promise.allSettled([put('c', 1), put('d', 1)])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(await leftOf(tenant)).toMatchObject({ bytes: 5000 })
  })

  it('deletes: the name is free at once, and the content goes', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    await files.put(tenant.ctx(), csv('a', 'text'))
    expect([await files.delete(tenant.ctx(), 'a'), await files.delete(tenant.ctx(), 'a')]).toEqual([true, false])
    await expect(files.get(tenant.ctx(), 'a')).rejects.toMatchObject({ kind: 'not_found' })
    await files.clear(tenant.ctx())
    expect(await leftOf(tenant)).toEqual({ blobs: 0, chunks: 0, bytes: 0 })
    expect([...s3.objects.keys()].filter((key) => key.startsWith(tenant.tenantId))).toEqual([])
  })

  it('shows no file past its time, and the job removes it', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    await files.put(tenant.ctx(), { ...csv('short', 'text'), expiresAt: later(60)() })
    await files.put(tenant.ctx(), csv('long', 'text'))
    const after = tenant.ctx({ clock: later(61) })
    await expect(files.get(after, 'short')).rejects.toMatchObject({ kind: 'not_found' })
    expect((await files.list(after)).files.map(({ name }) => name)).toEqual(['long'])
    await files.clear(tenant.ctx())
    expect((await files.list(tenant.ctx())).files).toHaveLength(2)
    await files.clear(after)
    expect((await files.list(tenant.ctx())).files.map(({ name }) => name)).toEqual(['long'])
    expect(await leftOf(tenant)).toMatchObject({ blobs: 1, bytes: 4 })
  })

  it('removes what is left of a process that died during an upload, when nobody can be uploading any more', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    await files.put(tenant.ctx(), csv('a', 'text'))
    await database.owner.query(`update files.blobs set bytes = null, clear_at = $2 where tenant_id = $1`, [
      tenant.tenantId,
      later(7200)(),
    ])
    await database.owner.query('alter table files.files disable trigger drop_blob')
    await database.owner.query('delete from files.files where tenant_id = $1', [tenant.tenantId])
    await database.owner.query('alter table files.files enable trigger drop_blob')
    await files.clear(tenant.ctx({ clock: later(7199) }))
    expect(await leftOf(tenant)).toMatchObject({ blobs: 1 })
    await files.clear(tenant.ctx({ clock: later(7200) }))
    expect(await leftOf(tenant)).toMatchObject({ blobs: 0, chunks: 0 })
    expect([...s3.objects.keys()].filter((key) => key.startsWith(tenant.tenantId))).toEqual([])
  })

  it('takes 64 MiB without holding more than a few chunks of it', async () => {
    const [files, tenant] = [open(), await testTenant(database)]
    const before = s3.taken
    const kept = async () => {
      if (place === 's3') return s3.taken - before
      const { rows } = await database.owner.query(
        'select coalesce(sum(octet_length(data)), 0)::int as n from files.chunks where tenant_id = $1',
        [tenant.tenantId],
      )
      return rows[0].n
    }
    let held = 0
    const content = (async function* () {
      for (let given = 0; given < 64 * MEBIBYTE; given += 64 * 1024) {
        if (given % (4 * MEBIBYTE) === 0) held = Math.max(held, given - (await kept()))
        yield Buffer.alloc(64 * 1024, given)
      }
    })()
    await files.put(tenant.ctx(), { name: 'big', mediaType: 'a/b', content })
    expect(held).toBeLessThanOrEqual(place === 's3' ? 32 * MEBIBYTE : 2 * MEBIBYTE)
    let [bytes, largest] = [0, 0]
    for await (const part of (await files.get(tenant.ctx(), 'big')).content) {
      bytes += part.length
      largest = Math.max(largest, part.length)
    }
    expect(bytes).toBe(64 * MEBIBYTE)
    expect(largest).toBeLessThanOrEqual(MEBIBYTE)
  })

  it('keeps tenants apart', async () => {
    const files = open()
    const [mine, other] = [await testTenant(database), await testTenant(database)]
    await files.put(mine.ctx(), csv('a', 'mine'))
    await expect(files.get(other.ctx(), 'a')).rejects.toMatchObject({ kind: 'not_found' })
    expect(await files.delete(other.ctx(), 'a')).toBe(false)
    expect(await files.list(other.ctx())).toEqual({ files: [], nextCursor: undefined })
    await files.put(other.ctx(), csv('a', 'others'))
    expect(await textOf(files, mine, 'a')).toBe('mine')
  })
})
