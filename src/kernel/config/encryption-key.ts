import { randomBytes, randomUUID } from 'node:crypto'
import { access, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const KEY_BYTES = 32

/** Where development keeps its root keys: one a line, the current one first. */
export const keyFileOf = (dataDir: string): string => join(dataDir, 'encryption-key')

/**
 * The root keys, the current one first: the configured ones, or those in `<dataDir>/encryption-key`, where one is made
 * (readable by its owner only) at the first start. Production never comes here without a configured key. Throws when
 * the file holds anything else.
 */
export async function encryptionKeys(
  configured: { readonly current: string | undefined; readonly previous: readonly string[] },
  dataDir: string,
): Promise<Buffer[]> {
  const previous = configured.previous.map((text) => Buffer.from(text, 'base64'))
  if (configured.current !== undefined) return [Buffer.from(configured.current, 'base64'), ...previous]
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = keyFileOf(dataDir)
  if (!(await exists(path))) await makeFile(path, [newKey()])
  return [...(await keysIn(path)), ...previous]
}

/** Puts a new key before those in the file. Whoever reads it meets the old content or the new, never a part. */
export async function addKey(dataDir: string): Promise<void> {
  const path = keyFileOf(dataDir)
  const draft = await writeDraft(path, [newKey(), ...(await keysIn(path))])
  await rename(draft, path)
}

async function keysIn(path: string): Promise<Buffer[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '')
  const keys = lines.map((line) => Buffer.from(line.trim(), 'base64'))
  if (keys.length === 0 || keys.some((key) => key.length < KEY_BYTES)) {
    throw new Error(`${path} holds no key of ${KEY_BYTES} bytes. Restore it from a backup, or delete it to start anew.`)
  }
  return keys
}

const newKey = () => randomBytes(KEY_BYTES)

/** The file appears with its content or not at all, so whoever starts at the same moment reads one whole key. */
async function makeFile(path: string, keys: readonly Buffer[]): Promise<void> {
  const draft = await writeDraft(path, keys)
  try {
    await link(draft, path)
  } catch (error) {
    // Safe because another process made the key this very moment, and that one is read.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
}

async function writeDraft(path: string, keys: readonly Buffer[]): Promise<string> {
  const draft = `${path}.${randomUUID()}`
  const lines = keys.map((key) => `${key.toString('base64')}\n`).join('')
  await writeFile(draft, lines, { flag: 'wx', mode: 0o600 })
  return draft
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
