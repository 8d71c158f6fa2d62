import { hash, randomBytes } from 'node:crypto'

const SECRET_BYTES = 32
const PREFIX_CHARACTERS = 12
const KEY = /^plim_[A-Za-z0-9_-]{43}$/

/** A new key: `plim_` and 256 random bits in base64url. */
export function newKeyText(): string {
  return `plim_${randomBytes(SECRET_BYTES).toString('base64url')}`
}

/** The part of a key that may be stored and shown. */
export function keyPrefix(key: string): string {
  return key.slice(0, PREFIX_CHARACTERS)
}

/**
 * What is stored instead of the key. One SHA-256 is enough: 256 random bits cannot be guessed from their hash, unlike a
 * password, so there is nothing for a slow hash to slow down.
 */
export function keyHash(key: string): string {
  return hash('sha256', key, 'hex')
}

export function isKeyText(text: string): boolean {
  return KEY.test(text)
}

/** What an `Authorization: Bearer` header carries; undefined for any other. */
export function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.slice(0, 7).toLowerCase() !== 'bearer ') return undefined
  return authorization.slice(7).trim()
}
