import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addKey, encryptionKeys } from './encryption-key.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-key-'))
})
afterAll(() => rm(folder, { recursive: true }))

const UNSET = { current: undefined, previous: [] }

describe('the root keys', () => {
  it('are the configured ones where there are any, and then nothing is written', async () => {
    const [current, previous] = [Buffer.alloc(32, 7), Buffer.alloc(32, 8)]
    const configured = { current: current.toString('base64'), previous: [previous.toString('base64')] }
    expect(await encryptionKeys(configured, join(folder, 'unused'))).toEqual([current, previous])
    await expect(stat(join(folder, 'unused'))).rejects.toThrow('ENOENT')
  })

  it('are otherwise made once, for their owner only, even when two start at the same time', async () => {
    const dataDir = join(folder, 'a', 'b')
    const [one, two] = await Promise.all([encryptionKeys(UNSET, dataDir), encryptionKeys(UNSET, dataDir)])
    expect(one.map((key) => key.length)).toEqual([32])
    expect(await encryptionKeys(UNSET, dataDir)).toEqual(one)
    expect(two).toEqual(one)
    expect((await stat(join(dataDir, 'encryption-key'))).mode & 0o777).toBe(0o600)
  })

  it('get a new first one, and the others stay, readable by their owner only, with nothing left beside them', async () => {
    const dataDir = join(folder, 'c')
    const before = await encryptionKeys(UNSET, dataDir)
    await addKey(dataDir)
    await addKey(dataDir)
    const after = await encryptionKeys(UNSET, dataDir)
    expect(after).toHaveLength(3)
    expect(after.at(-1)).toEqual(before[0])
    expect((await stat(join(dataDir, 'encryption-key'))).mode & 0o777).toBe(0o600)
    expect(await readdir(dataDir)).toEqual(['encryption-key'])
  })

  it('are not replaced when their file is damaged: what they signed would be lost silently', async () => {
    const path = join(folder, 'encryption-key')
    await writeFile(path, 'damaged')
    await expect(encryptionKeys(UNSET, folder)).rejects.toThrow('holds no key of 32 bytes')
    await expect(addKey(folder)).rejects.toThrow('holds no key of 32 bytes')
    expect(await readFile(path, 'utf8')).toBe('damaged')
  })
})
