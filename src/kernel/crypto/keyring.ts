import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { ENCRYPTION_BYTES, decrypt, encrypt } from './aes-gcm.ts'

/**
 * Encrypts fields with AES-256-GCM, and signs what callers carry for us with HMAC-SHA-256. Both survive a change of
 * the root key: what is made is under the current one, and what the others made still opens and verifies.
 */
export interface Keyring {
  /** The key that seals and signs from now on. Changes when the root key is rotated, without a restart. */
  readonly currentKeyId: string
  /** Every key this process opens with, the current one first. */
  readonly keyIds: readonly string[]
  /** `context` (`access.two-factor-secret:usr_1`) must be the same to open it: a value moved elsewhere does not open. */
  seal(plain: string | Uint8Array, context: string): string
  /** Throws when it was altered, is of another context, or its key is not there. */
  open(sealed: string, context: string): Buffer
  /** The key a sealed text is under. */
  keyIdOf(sealed: string): string
  /** A signature (base64url) of a text that goes out and comes back. `purpose` (`mcp-round`) tells uses apart. */
  sign(text: string, purpose: string): string
  /** Whether one of our keys made this signature of this text, for this purpose. */
  verify(text: string, purpose: string, signature: string): boolean
}

/** The keyring of a running process, whose keys can be replaced under load. */
export interface RotatingKeyring extends Keyring {
  /** From now on exactly these root keys: the first is current, the others only open and verify. */
  replace(rootKeys: readonly Uint8Array[]): void
}

const PREFIX = 'pf1'

interface Key {
  readonly id: string
  /** What the keys of every context are derived from: RFC 5869, 2.2, of the root key. */
  readonly pseudorandom: Uint8Array
}

/**
 * A keyring of root keys (at least 32 bytes each): the first one is current, the others only open and verify.
 *
 * The root key encrypts nothing: every context has a key of its own (HKDF, RFC 5869), so the 2^32 encryptions that AES-GCM
 * bears under a key hold for one field of one row, and would take that row 136 years of a write a second.
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
      // One way of writing it only: a signature that can be written in two ways lets a caller replay what was used up.
      if (bytes.toString('base64url') !== given) return false
      return keys.some((key) => {
        const wanted = signature(key, text, purpose)
        return bytes.length === wanted.length && timingSafeEqual(bytes, wanted)
      })
    },
  }
}

/** Names a key without telling anything of it. */
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

/** RFC 5869, 2.3, of the one block that is needed; `info` may be of any length. */
function derived({ pseudorandom }: Key, info: string): Buffer {
  return hmac(pseudorandom, `${info}\u0001`)
}

function hmac(key: Uint8Array, text: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
