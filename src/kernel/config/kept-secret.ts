import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const SECRET_BYTES = 32

/**
 * The configured secret, or the one kept in `<dataDir>/<name>`, made there (readable by its owner only) at the first
 * start. Production never comes here without a configured one.
 */
export async function keptSecret(configured: string | undefined, dataDir: string, name: string): Promise<string> {
  if (configured !== undefined) return configured
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, name)
  const kept = await readFile(path, 'utf8').catch(async (error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error
    await makeSecret(path)
    return readFile(path, 'utf8')
  })
  if (kept.trim().length < SECRET_BYTES) {
    throw new Error(`${path} holds no secret. Restore it from a backup, or delete it to start anew.`)
  }
  return kept.trim()
}

/** The file appears with its content or not at all, so whoever starts at the same moment reads one whole secret. */
async function makeSecret(path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, `${randomBytes(SECRET_BYTES).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 })
  try {
    await link(draft, path)
  } catch (error) {
    // Safe because another process made the secret this very moment, and that one is read.
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
