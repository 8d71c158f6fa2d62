import { randomBytes, randomUUID } from 'node:crypto'
import { access, link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const KEY_BYTES = 32

/**
 * The root key: the configured one, or the one in `<dataDir>/encryption-key`, made there (readable by its owner only)
 * at the first start. Production never comes here without a configured key. Throws when the file holds no key.
 */
export async function encryptionKey(configured: string | undefined, dataDir: string): Promise<Buffer> {
  if (configured !== undefined) return Buffer.from(configured, 'base64')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, 'encryption-key')
  if (!(await exists(path))) await makeKey(path)
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64')
  if (key.length < KEY_BYTES) {
    throw new Error(`${path} holds no key of ${KEY_BYTES} bytes. Restore it from a backup, or delete it to start anew.`)
  }
  return key
}

/** The file appears with its content or not at all, so whoever starts at the same moment reads one whole key. */
async function makeKey(path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 })
  try {
    await link(draft, path)
  } catch (error) {
    // Safe because another process made the key this very moment, and that one is read.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
