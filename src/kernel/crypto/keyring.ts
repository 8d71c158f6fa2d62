import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { ENCRYPTION_BYTES, decrypt, encrypt } from './aes-gcm.ts'

/**
 * Encrypts fields (AES-256-GCM) and signs tokens that callers hold (HMAC-SHA-256). Both survive rotation of the root
 * key: the current key encrypts and signs, the previous ones still decrypt and verify.
 */
export interface Keyring {
  /** The id of the key that encrypts and signs. It changes when the root key is rotated, without a restart. */
  readonly currentKeyId: string
  /** The ids of all keys of this process, the current one first. */
  readonly keyIds: readonly string[]
  /**
   * Encrypts. `context` (`access.two-factor-secret:usr_1`) must be the same to decrypt: a value copied elsewhere does
   * not decrypt.
   */
  seal(plain: string | Uint8Array, context: string): string
  /** Decrypts. Throws when the text was altered, the context differs, or the key is missing. */
  open(sealed: string, context: string): Buffer
  /** The id of the key that a text is encrypted under. */
  keyIdOf(sealed: string): string
  /**
   * A signature (base64url) of a text that a caller holds and sends back. Each `purpose` (`mcp-round`) has a key of its
   * own.
   */
  sign(text: string, purpose: string): string
  /** Whether the signature of this text and purpose was made with one of the keys. */
  verify(text: string, purpose: string, signature: string): boolean
}

/** A keyring whose keys can be replaced while the process runs. */
export interface RotatingKeyring extends Keyring {
  /** Replaces the root keys: the first is current, the others only decrypt and verify. */
  replace(rootKeys: readonly Uint8Array[]): void
}

const PREFIX = 'pf1'

interface Key {
  readonly id: string
  /** HKDF-Extract of the root key (RFC 5869, 2.2), from which the keys of all contexts are derived. */
  readonly pseudorandom: Uint8Array
}

/**
 * Makes a keyring from root keys of at least 32 bytes: the first is current, the others only decrypt and verify.
 *
 * The root key encrypts nothing itself. Every context has a derived key (HKDF, RFC 5869), so AES-GCM's limit of 2^32
 * encryptions per key applies to one field of one row: 136 years at a write per second.
 */
export function createKeyring(rootKeys: readonly Uint8Array[]): RotatingKeyring {
  let keys = keysOf(rootKeys)
  const keyOf = (id: string): Key => {
    const key = keys.find((each) => each.id === id)
    if (key === undefined) throw new Error(`The field is encrypted under key ${id}, which this process does not have.`)
    return key
  }
  return {
    get currentKeyId() {
      return keys[0].id
    },
    get keyIds() {
      return keys.map(({ id }) => id)
    },
    replace(rootKeys) {
      keys = keysOf(rootKeys)
    },
    seal(plain, context) {
      const [key] = keys
      return `${PREFIX}.${key.id}.${encrypt(fieldKey(key, context), plain, context).toString('base64url')}`
    },
    open(sealed, context) {
      const { id, body } = parts(sealed)
      return decrypt(fieldKey(keyOf(id), context), body, context)
    },
    keyIdOf: (sealed) => parts(sealed).id,
    sign: (text, purpose) => signature(keys[0], text, purpose).toString('base64url'),
    verify(text, purpose, given) {
      const bytes = Buffer.from(given, 'base64url')
      // Only the canonical encoding: a second spelling of a signature would let a caller replay a used token.
      if (bytes.toString('base64url') !== given) return false
      return keys.some((key) => {
        const wanted = signature(key, text, purpose)
        return bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
      })
    },
  }
}

/** The id of a key; it reveals nothing about the key. */
export function keyIdOf(root: Uint8Array): string {
  return createHash('sha256').update('plimsoll key id').update(root).digest('hex').slice(0, 8)
}

function keysOf(rootKeys: readonly Uint8Array[]): readonly [Key, ...Key[]] {
  const unique = new Map(rootKeys.map((root) => [keyIdOf(root), root]))
  const [current, ...others] = [...unique].map(([id, root]) => ({ id, pseudorandom: hmac(NO_SALT, root) }))
  if (current === undefined) throw new Error('A keyring needs a key.')
  return [current, ...others]
}

function parts(sealed: string): { id: string; body: Buffer } {
  const [prefix, id, text = '', ...rest] = sealed.split('.')
  const body = Buffer.from(text, 'base64url')
  const isWhole = body.length >= ENCRYPTION_BYTES && body.toString('base64url') === text && rest.length === 0
  if (prefix !== PREFIX || id === undefined || !isWhole) throw new Error('This is not an encrypted field.')
  return { id, body }
}

function fieldKey(key: Key, context: string): Uint8Array {
  return derived(key, `plimsoll field encryption v1 ${context}`)
}

function signature(key: Key, text: string, purpose: string): Buffer {
  return hmac(derived(key, `plimsoll signature v1 ${purpose}`), text)
}

const NO_SALT = new Uint8Array(32)

/** HKDF-Expand (RFC 5869, 2.3) of the single block that is needed. */
function derived({ pseudorandom }: Key, info: string): Buffer {
  return hmac(pseudorandom, `${info}\u0001`)
}

function hmac(key: Uint8Array, text: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
