import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readOrCreate, replaceText } from './private-file.ts'

const KEY_BYTES = 32

/** The file of root keys in development: one per line, the current one first. */
export const keyFileOf = (dataDir: string): string => join(dataDir, 'encryption-key')

/**
 * The root keys, the current one first: those configured, or those in `<dataDir>/encryption-key`, which is created at
 * the first start (readable by its owner only). In production a key is always configured. Throws when the file holds
 * anything else.
 */
export async function encryptionKeys(
  configured: { readonly current: string | undefined; readonly previous: readonly string[] },
  dataDir: string,
): Promise<Buffer[]> {
  const previous = configured.previous.map((text) => Buffer.from(text, 'base64'))
  if (configured.current !== undefined) return [Buffer.from(configured.current, 'base64'), ...previous]
  const path = keyFileOf(dataDir)
  return [...keysIn(await readOrCreate(path, () => textOf([newKey()])), path), ...previous]
}

/** Adds a new key at the start of the file. */
export async function addKey(dataDir: string): Promise<void> {
  const path = keyFileOf(dataDir)
  await replaceText(path, textOf([newKey(), ...keysIn(await readFile(path, 'utf8'), path)]))
}

function keysIn(text: string, path: string): Buffer[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const keys = lines.map((line) => Buffer.from(line.trim(), 'base64'))
  if (keys.length === 0 || keys.some((key) => key.length < KEY_BYTES)) {
    throw new Error(`${path} holds no key of ${KEY_BYTES} bytes. Restore it from a backup, or delete it to start anew.`)
  }
  return keys
}

const textOf = (keys: readonly Buffer[]) => keys.map((key) => `${key.toString('base64')}\n`).join('')
const newKey = () => randomBytes(KEY_BYTES)
