import { createHmac } from 'node:crypto'

/** What is stored in place of what must not be known: HMAC-SHA-256. `purpose` tells uses apart. */
export type KeyedHash = (purpose: 'refresh-token' | 'email' | 'network' | 'code', text: string) => Buffer

export function keyedHash(secret: string): KeyedHash {
  return (purpose, text) => createHmac('sha256', secret).update(`${purpose}\0${text}`).digest()
}
