import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { readOrCreate } from './private-file.ts'

const SECRET_BYTES = 32

/**
 * The configured secret, or the one in `<dataDir>/<name>`, which is created at the first start (readable by its owner
 * only). In production it is always configured.
 */
export async function localSecret(configured: string | undefined, dataDir: string, name: string): Promise<string> {
  if (configured !== undefined) return configured
  const path = join(dataDir, name)
  const kept = (await readOrCreate(path, () => `${randomBytes(SECRET_BYTES).toString('base64url')}\n`)).trim()
  if (kept.length >= SECRET_BYTES) return kept
  throw new Error(`${path} holds no secret. Restore it from a backup, or delete it to start anew.`)
}
