import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Keyring } from '#kernel/crypto/keyring'

/** Signs blocks, so that who can write the database and has no key of the installation cannot rewrite its chain. */
export interface BlockSigner {
  readonly publicKey: string
  sign(hash: string): string
}

/** RFC 8410, 7: the head of an Ed25519 private key in DER, before its 32 bytes; and of a public one. */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

/** The signer of the installation's current key; another one after a rotation. */
export function blockSigner(keyring: Keyring): BlockSigner {
  const seed = Buffer.from(keyring.sign('ed25519', 'audit-blocks'), 'base64url')
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' })
  return {
    publicKey: bytesOf(createPublicKey(key)).toString('base64url'),
    sign: (hash) => sign(null, Buffer.from(hash), key).toString('base64url'),
  }
}

/** Whether the holder of this key signed this hash. */
export function isSigned(publicKey: string, hash: string, signature: string): boolean {
  const bytes = Buffer.from(publicKey, 'base64url')
  if (bytes.length !== 32) return false
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(hash), key, Buffer.from(signature, 'base64url'))
}

/** Names a public key in few characters, for people to compare. */
export function fingerprint(publicKey: string): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16)
}

function bytesOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length)
}
