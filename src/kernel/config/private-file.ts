import { randomUUID } from 'node:crypto'
import { access, constants, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Failure } from '../failure.ts'

/**
 * Reads a file that only its owner may read, creating it with `make()` if it does not exist. It is created atomically,
 * so processes that start at the same moment all read the same whole text.
 */
export async function readOrCreate(path: string, make: () => string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    await requireDataFolder(dirname(path))
    if (!hasCode(error, 'ENOENT')) throw error
    await linkDraft(path, await writeDraft(path, make()))
    return readFile(path, 'utf8')
  }
}

/**
 * Creates the folder of `DATA_DIR` where it is missing, closed to other users. Throws `Failure('unavailable')` when this
 * process cannot write there.
 */
export async function requireDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await access(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    const message = `Nothing can be kept in ${folder}: ${reasonOf(error)}. Set DATA_DIR to a folder that this user may write to.`
    throw new Failure('unavailable', message, { code: 'START_REFUSED' })
  }
}

function reasonOf(error: unknown): string {
  if (hasCode(error, 'EEXIST') || hasCode(error, 'ENOTDIR')) return 'it is, or leads through, a file'
  if (hasCode(error, 'EACCES') || hasCode(error, 'EPERM')) return 'this user may not write there'
  if (hasCode(error, 'EROFS')) return 'the file system is read-only'
  return error instanceof Error ? error.message : String(error)
}

/** Replaces the text of the file atomically. */
export async function replaceText(path: string, text: string): Promise<void> {
  await rename(await writeDraft(path, text), path)
}

async function linkDraft(path: string, draft: string): Promise<void> {
  try {
    await link(draft, path)
  } catch (error) {
    // Safe because another process has just created the file, and that one is read.
    if (!hasCode(error, 'EEXIST')) throw error
  } finally {
    await rm(draft)
  }
}

async function writeDraft(path: string, text: string): Promise<string> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, text, { flag: 'wx', mode: 0o600 })
  return draft
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
