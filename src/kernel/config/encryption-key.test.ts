import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encryptionKey } from './encryption-key.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-key-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('the root key', () => {
  it('is the configured one where there is one, and then nothing is written', async () => {
    const configured = Buffer.alloc(32, 7)
    expect(await encryptionKey(configured.toString('base64'), join(folder, 'unused'))).toEqual(configured)
    await expect(stat(join(folder, 'unused'))).rejects.toThrow('ENOENT')
  })

  it('is otherwise made once, for its owner only, even when two start at the same time', async () => {
    const dataDir = join(folder, 'a', 'b')
    const [one, two] = await Promise.all([encryptionKey(undefined, dataDir), encryptionKey(undefined, dataDir)])
    expect(one).toHaveLength(32)
    expect(await encryptionKey(undefined, dataDir)).toEqual(one)
    expect(two).toEqual(one)
    expect((await stat(join(dataDir, 'encryption-key'))).mode & 0o777).toBe(0o600)
  })

  it('is not replaced when its file is damaged: what it signed would be lost silently', async () => {
    const path = join(folder, 'encryption-key')
    await writeFile(path, 'damaged')
    await expect(encryptionKey(undefined, folder)).rejects.toThrow('holds no key of 32 bytes')
    expect(await readFile(path, 'utf8')).toBe('damaged')
  })
})
