import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

/**
 * Encrypts fields with AES-256-GCM. A sealed text names the key it is under, so that old ones open while new ones are
 * made with the current key.
 */
export interface Keyring {
  readonly currentKeyId: string
  /** `context` (`access.two-factor-secret:usr_1`) must be the same to open it: a value moved elsewhere does not open. */
  seal(plain: string | Uint8Array, context: string): string
  /** Throws when it was altered, is of another context, or its key is not there. */
  open(sealed: string, context: string): Buffer
  /** The key a sealed text is under. */
  keyIdOf(sealed: string): string
}

const PREFIX = 'pf1'
const IV_BYTES = 12
const TAG_BYTES = 16

/** A keyring of root keys (at least 32 bytes each): the first one is current, the others only open. */
export function createKeyring(rootKeys: readonly Uint8Array[]): Keyring {
  const keys = new Map(rootKeys.map((root) => [keyId(root), fieldKey(root)]))
  const [currentKeyId] = keys.keys()
  if (currentKeyId === undefined) throw new Error('A keyring needs a key.')
  const keyOf = (id: string): Uint8Array => {
    const key = keys.get(id)
    if (key === undefined) throw new Error(`The field is encrypted under key ${id}, which this process does not have.`)
    return key
  }
  return {
    currentKeyId,
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', keyOf(currentKeyId), iv).setAAD(Buffer.from(context))
      const body = Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
      return `${PREFIX}.${currentKeyId}.${body.toString('base64url')}`
    },
    open(sealed, context) {
      const { id, body } = parts(sealed)
      const decipher = createDecipheriv('aes-256-gcm', keyOf(id), body.subarray(0, IV_BYTES))
      decipher.setAAD(Buffer.from(context)).setAuthTag(body.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(body.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
    },
    keyIdOf: (sealed) => parts(sealed).id,
  }
}

function parts(sealed: string): { id: string; body: Buffer } {
  const [prefix, id, text, ...rest] = sealed.split('.')
  const body = Buffer.from(text ?? '', 'base64url')
  if (prefix !== PREFIX || id === undefined || body.length < IV_BYTES + TAG_BYTES || rest.length > 0) {
    throw new Error('This is not an encrypted field.')
  }
  return { id, body }
}

/** Names a key without telling anything of it. */
function keyId(root: Uint8Array): string {
  return createHash('sha256').update('plimsoll key id').update(root).digest('hex').slice(0, 8)
}

/** RFC 5869: the root key itself encrypts nothing. */
function fieldKey(root: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', root, new Uint8Array(0), 'plimsoll field encryption v1', 32))
}
