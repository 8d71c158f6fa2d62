import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Reads a file that only its owner may read, creating it with `make()` if it does not exist. It is created atomically,
 * so processes that start at the same moment all read the same whole text.
 */
export async function readOrCreate(path: string, make: () => string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await linkDraft(path, await writeDraft(path, make()))
    return readFile(path, 'utf8')
  }
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
