import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Keyring } from '#kernel/crypto/keyring'

/** Signs blocks: with write access to the database but without the root key, the chain cannot be rewritten. */
export interface BlockSigner {
  readonly publicKey: string
  sign(hash: string): string
}

/** RFC 8410, 7: the DER bytes before the 32 bytes of an Ed25519 private key, and of a public key. */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_HEAD = Buffer.from('302a300506032b6570032100', 'hex')

/** A signer whose key is derived from the current root key, so a rotation of the root key changes it. */
export function blockSigner(keyring: Keyring): BlockSigner {
  const seed = Buffer.from(keyring.sign('ed25519', 'audit-blocks'), 'base64url')
  const key = createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' })
  return {
    publicKey: bytesOf(createPublicKey(key)).toString('base64url'),
    sign: (hash) => sign(null, Buffer.from(hash), key).toString('base64url'),
  }
}

/** Whether this is a valid signature of the hash by the owner of the public key. */
export function isSigned(publicKey: string, hash: string, signature: string): boolean {
  const bytes = Buffer.from(publicKey, 'base64url')
  if (bytes.length !== 32) return false
  const key = createPublicKey({ key: Buffer.concat([PUBLIC_HEAD, bytes]), format: 'der', type: 'spki' })
  return verify(null, Buffer.from(hash), key, Buffer.from(signature, 'base64url'))
}

/** A short hash of a public key, for people to compare. */
export function fingerprint(publicKey: string): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16)
}

function bytesOf(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_HEAD.length)
}
