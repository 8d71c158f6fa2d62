import { decrypt, encrypt } from '../crypto/aes-gcm.ts'

/**
 * An encrypted personal value in the audit trail. `sealed` is absent when the person was erased before the event was
 * written.
 */
export interface SealedValue {
  readonly $person: string
  readonly sealed?: string
}

/** Placeholder of a value whose key was destroyed. */
export const ERASED = '[erased]'
/** Placeholder of a value that the reader may not see. */
export const MASKED = '[personal]'

/** A copy with every encrypted value masked. */
export function masked(value: unknown): unknown {
  return replaced(value, () => MASKED)
}

/** Encrypts JSON under a person's key; `context` must be the same to decrypt it. */
export function sealValue(key: Uint8Array, json: string, context: string): string {
  return encrypt(key, json, context).toString('base64url')
}

/** The decrypted value, or a text saying that it was altered: a tampered trail must still be shown. */
export function openValue(key: Uint8Array, sealed: string, context: string): unknown {
  try {
    const value: unknown = JSON.parse(decrypt(key, Buffer.from(sealed, 'base64url'), context).toString('utf8'))
    return value
  } catch {
    return '[not readable: it was altered]'
  }
}

/** The people whose encrypted values are in it. */
export function personsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value !== 'object' || value === null) return found
  if (isSealed(value)) return found.add(value.$person)
  for (const inner of Object.values(value)) personsIn(inner, found)
  return found
}

/** A copy with every encrypted value replaced by the result of `shown`. */
export function replaced(value: unknown, shown: (sealed: SealedValue) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((inner) => replaced(inner, shown))
  if (isSealed(value)) return shown(value)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaced(inner, shown)]))
}

function isSealed(value: object): value is SealedValue {
  return '$person' in value && typeof value.$person === 'string'
}
