import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keptText, replaceText } from './private-file.ts'

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
  const path = keyFileOf(dataDir)
  return [...keysIn(await keptText(path, () => textOf([newKey()])), path), ...previous]
}

/** Puts a new key before those in the file. */
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
