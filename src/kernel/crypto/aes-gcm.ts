import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** What is encrypted is longer than its text by this. */
export const ENCRYPTION_BYTES = NONCE_BYTES + TAG_BYTES

/**
 * AES-256-GCM under a key of 32 bytes: nonce, ciphertext and tag in one. The nonce is random, 96 bits (NIST SP 800-38D,
 * 8.2.2), for which the standard allows a key 2^32 encryptions (8.3). `context` must be the same to decrypt it.
 */
export function encrypt(key: Uint8Array, plain: string | Uint8Array, context: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Throws when it was altered, is under another key, or of another context. */
export function decrypt(key: Uint8Array, encrypted: Buffer, context: string): Buffer {
  const options = { authTagLength: TAG_BYTES }
  const decipher = createDecipheriv('aes-256-gcm', key, encrypted.subarray(0, NONCE_BYTES), options)
  decipher.setAAD(Buffer.from(context)).setAuthTag(encrypted.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
}
