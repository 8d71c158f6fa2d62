import { hash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32
const PREFIX_CHARACTERS = 12
const KEY = /^plim_[A-Za-z0-9_-]{43}$/

/** A new key: `plim_` and 256 random bits in base64url. */
export function newKeyText(): string {
  return `plim_${randomBytes(SECRET_BYTES).toString('base64url')}`
}

/** The first characters of a key, which are not secret: they are stored and shown in lists. */
export function keyPrefix(key: string): string {
  return key.slice(0, PREFIX_CHARACTERS)
}

/**
 * The stored hash of a key. A single SHA-256 is enough: a key has 256 random bits, so unlike a password it cannot be
 * found by trying candidates, and a slow hash would add no protection.
 */
export function keyHash(key: string): string {
  return hash('sha256', key, 'hex')
}

export function isKeyText(text: string): boolean {
  return KEY.test(text)
}

/** The credential of an `Authorization: Bearer` header; undefined for any other header. */
export function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  return authorization.slice(7).trim()
}
