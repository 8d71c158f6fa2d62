import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Ciphertext is this much longer than its plaintext. */
export const ENCRYPTION_BYTES = NONCE_BYTES + TAG_BYTES

/**
 * Encrypts with AES-256-GCM under a key of 32 bytes; returns nonce, ciphertext and tag. The nonce is random, 96 bits
 * (NIST SP 800-38D, 8.2.2), for which the standard allows a key 2^32 encryptions (8.3). `context` is authenticated: it
 * must be the same to decrypt.
 */
export function encrypt(key: Uint8Array, plain: string | Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Throws when the data was altered, or the key or context differs. */
export function decrypt(key: Uint8Array, encrypted: Buffer, context: string): Buffer {
  const options = { authTagLength: TAG_BYTES }
  const decipher = createDecipheriv('aes-256-gcm', key, encrypted.subarray(0, NONCE_BYTES), options)
  decipher.setAAD(Buffer.from(context)).setAuthTag(encrypted.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
}
