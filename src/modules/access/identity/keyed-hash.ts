import { createHmac } from 'node:crypto'

/** HMAC-SHA-256 of a value that must not be stored itself. Each `purpose` has hashes of its own. */
export type KeyedHash = (purpose: 'refresh-token' | 'email' | 'network' | 'code', text: string) => Buffer

export function keyedHash(secret: string): KeyedHash {
  return (purpose, text) => createHmac('sha256', secret).update(`${purpose}\0${text}`).digest()
}
