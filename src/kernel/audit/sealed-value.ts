import { decrypt, encrypt } from '../crypto/aes-gcm.ts'

/** Where a person's value stands in the trail. `sealed` is absent for one who was erased before it was written. */
export interface SealedValue {
  readonly $person: string
  readonly sealed?: string
}

/** Stands where a value was that nobody can read any more. */
export const ERASED = '[erased]'
/** Stands where a value is that is not for whoever asks. */
export const MASKED = '[personal]'

/** `value` with a mark in place of what is encrypted in it, for those who may not see it. */
export function masked(value: unknown): unknown {
  return replaced(value, () => MASKED)
}

/** Under a person's key; `context` must be the same to open it. */
export function sealValue(key: Uint8Array, json: string, context: string): string {
  return encrypt(key, json, context).toString('base64url')
}

/** The value, or that it cannot be read: a trail somebody altered must still be shown. */
export function openValue(key: Uint8Array, sealed: string, context: string): unknown {
  try {
    const value: unknown = JSON.parse(decrypt(key, Buffer.from(sealed, 'base64url'), context).toString('utf8'))
    return value
  } catch {
    return '[not readable: it was altered]'
  }
}

/** The persons whose encrypted values are in it. */
export function personsIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value !== 'object' || value === null) return found
  if (isSealed(value)) return found.add(value.$person)
  for (const inner of Object.values(value)) personsIn(inner, found)
  return found
}

/** A copy with every encrypted value replaced by what is shown for it. */
export function replaced(value: unknown, shown: (sealed: SealedValue) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((inner) => replaced(inner, shown))
  if (isSealed(value)) return shown(value)
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, replaced(inner, shown)]))
}

function isSealed(value: object): value is SealedValue {
  return '$person' in value && typeof value.$person === 'string'
}
