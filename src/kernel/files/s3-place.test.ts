import { buffer } from 'node:stream/consumers'
import { afterAll, afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { FileSettings } from '#kernel/config/files'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { startS3 } from '../../../test/support/s3-server.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { bucketOf } from './bucket.ts'
import { openFileStore } from './file-store.ts'

const database = await testDatabase()
const s3 = await startS3()
afterEach(() => s3.behave())
afterAll(() => s3.close())

const TEXT = 'a text of some length'

function open({ url = s3.url, secret }: { readonly url?: string; readonly secret?: () => string } = {}) {
  const told: string[] = []
  const files = openFileStore({
    settings: FileSettings.parse({ url, timeoutSeconds: 1 }),
    database,
    secrets: { value: () => secret?.() },
    log: quiet,
    observe: (integration, operation, status) => told.push(`${integration} ${operation} ${status}`),
  })
  onTestFinished(() => files.close())
  const put = (tenant: TestTenant, bytes: Uint8Array = Buffer.from(TEXT)) => {
    const content = (async function* () {
      yield bytes
    })()
    return files.put(tenant.ctx(), { name: 'a', mediaType: 'text/plain', content })
  }
  const read = async (tenant: TestTenant, range?: { first: number; last: number }) =>
    (await buffer((await files.get(tenant.ctx(), 'a', range)).content)).toString()
  return { files, put, read, told }
}

const objectsOf = ({ tenantId }: TestTenant) => [...s3.objects.keys()].filter((key) => key.startsWith(`${tenantId}/`))

describe('a bucket', { timeout: 30_000 }, () => {
  it('whose store is slow, down or cut off while a file is put: the put fails as upstream, and a later one succeeds', async () => {
    const [{ put, read, told }, tenant] = [open(), await testTenant(database)]
    for (const how of ['silent', 'cuts', 'refuses'] as const) {
      s3.misbehave(how)
      await expect(put(tenant)).rejects.toMatchObject({ kind: 'upstream' })
    }
    expect(told.filter((line) => line.startsWith('s3 upload')).every((line) => !line.endsWith('ok'))).toBe(true)
    s3.behave()
    await put(tenant)
    expect([await read(tenant), told.at(-1)]).toEqual([TEXT, 's3 get ok'])
  })

  it('that was away when an upload failed is cleared of it by the job, when it is back', async () => {
    const [{ files, put }, tenant] = [open(), await testTenant(database)]
    s3.misbehave('cuts', 'PUT ?partNumber')
    const half = put(tenant, Buffer.alloc(17 * 1024 ** 2))
    s3.misbehave('cuts', 'PUT ?partNumber')
    await expect(half).rejects.toMatchObject({ kind: 'upstream' })
    s3.misbehave('refuses', 'HEAD')
    const unseen = put(tenant)
    await expect(unseen).rejects.toMatchObject({ kind: 'upstream' })
    s3.misbehave('refuses')
    await expect(put(tenant)).rejects.toMatchObject({ kind: 'upstream' })
    await expect(files.clear(tenant.ctx())).rejects.toMatchObject({ kind: 'upstream' })
    s3.behave()
    await files.clear(tenant.ctx())
    expect([objectsOf(tenant), s3.half]).toEqual([[], 0])
    const { rows } = await database.owner.query('select from files.blobs where tenant_id = $1', [tenant.tenantId])
    expect(rows).toEqual([])
  })

  it('whose store fails during an upload ends the content, which is not read to its end', async () => {
    const [{ files }, tenant] = [open(), await testTenant(database)]
    const ended = Promise.withResolvers<void>()
    const content = (async function* () {
      try {
        for (;;) yield Buffer.alloc(1024 ** 2)
      } finally {
        ended.resolve()
      }
    })()
    s3.misbehave('refuses', 'PUT ?partNumber')
    await expect(files.put(tenant.ctx(), { name: 'a', mediaType: 'a/b', content })).rejects.toMatchObject({
      kind: 'upstream',
    })
    await ended.promise
  })

  it('whose answer to the end of an upload was lost has the file all the same', async () => {
    const [{ put, read, told }, tenant] = [open(), await testTenant(database)]
    s3.misbehave('loses-answer', 'POST ?uploadId')
    await put(tenant, Buffer.alloc(9 * 1024 ** 2, 'x'))
    expect(told).toContain('s3 upload NoSuchUpload')
    expect(await read(tenant)).toHaveLength(9 * 1024 ** 2)
  })

  it('that keeps less than it was given: the file is not stored', async () => {
    const [{ put, read }, tenant] = [open(), await testTenant(database)]
    await put(tenant)
    for (const size of [TEXT.length, 9 * 1024 ** 2]) {
      s3.misbehave('keeps-half')
      await expect(put(tenant, Buffer.alloc(size))).rejects.toMatchObject({ kind: 'upstream' })
      s3.behave()
    }
    expect([await read(tenant), objectsOf(tenant).length, s3.half]).toEqual([TEXT, 1, 0])
  })

  it.each(['truncates', 'stalls', 'corrupts', 'cuts', 'silent', 'refuses'] as const)(
    'whose store %s while a file is read: the reader never comes to an end that is wrong',
    async (how) => {
      const [{ put, read }, tenant] = [open(), await testTenant(database)]
      await put(tenant, Buffer.alloc(3 * 1024 ** 2, 'x'))
      s3.misbehave(how, 'GET')
      await expect(read(tenant)).rejects.toMatchObject({ kind: 'upstream' })
      s3.behave()
      expect(await read(tenant)).toHaveLength(3 * 1024 ** 2)
    },
  )

  it('whose object is gone, or another: reading fails as upstream', async () => {
    const [{ put, read }, tenant] = [open(), await testTenant(database)]
    await put(tenant)
    const [key = ''] = objectsOf(tenant)
    const objects = s3.objects as Map<string, Buffer>
    objects.set(key, Buffer.from('another text of length'))
    await expect(read(tenant, { first: 0, last: 3 })).rejects.toMatchObject({ kind: 'upstream' })
    objects.delete(key)
    await expect(read(tenant)).rejects.toMatchObject({ kind: 'upstream' })
  })

  it('takes new credentials while the process runs, and refuses old ones', async () => {
    let url = s3.url
    const [{ put, read }, tenant] = [open({ secret: () => url }), await testTenant(database)]
    await put(tenant)
    url = s3.rotate('rotated')
    expect(await read(tenant)).toBe(TEXT)
    const next = s3.rotate('plimsoll-test')
    await expect(read(tenant)).rejects.toMatchObject({ kind: 'upstream' })
    url = next
    expect(await read(tenant)).toBe(TEXT)
  })

  it('that is set up later, or no more: files stay where they are, and say so', async () => {
    const tenant = await testTenant(database)
    const inDatabase = openFileStore({
      settings: FileSettings.parse({}),
      database,
      secrets: { value: () => undefined },
      log: quiet,
      observe: () => undefined,
    })
    const content = (async function* () {
      yield Buffer.from(TEXT)
    })()
    await inDatabase.put(tenant.ctx(), { name: 'a', mediaType: 'text/plain', content })
    const { put, read } = open()
    expect(await read(tenant)).toBe(TEXT)
    await put(tenant)
    const { content: gone } = await inDatabase.get(tenant.ctx(), 'a').catch((error: unknown) => ({ content: error }))
    expect(gone).toMatchObject({ kind: 'unavailable' })
  })
})

it('is named by its URL', () => {
  expect(bucketOf('s3://own-bucket?region=eu-central-1')).toMatchObject({
    bucket: 'own-bucket',
    region: 'eu-central-1',
    endpoint: undefined,
  })
  expect(bucketOf('https://KEY:a%2Fb@minio.internal:9000/files')).toEqual({
    bucket: 'files',
    region: 'us-east-1',
    endpoint: 'https://minio.internal:9000',
    credentials: { accessKeyId: 'KEY', secretAccessKey: 'a/b' },
  })
})
