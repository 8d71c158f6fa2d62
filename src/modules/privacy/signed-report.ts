import { createHash, createPublicKey, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { canonicalJson } from '#kernel/crypto/canonical-json'
import { SignedReport } from './contract.ts'

export interface PublishedKey {
  readonly key_id: string
  /** SPKI, base64url. */
  readonly public_key: string
}

/** Signs the canonical JSON (RFC 8785) of a report with Ed25519, so that spacing and the order of keys do not matter. */
export function signReport(
  report: Readonly<Record<string, unknown>>,
  key: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
): SignedReport {
  const value = sign(null, signedBytes(report), key.privateKey).toString('base64url')
  return { report, signature: { algorithm: 'Ed25519', ...publishedKey(key.publicKey), value } }
}

export function publishedKey(publicKey: KeyObject): PublishedKey {
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return { key_id: keyIdOf(der), public_key: der.toString('base64url') }
}

export type Verdict =
  | { readonly valid: true; readonly keyId: string; readonly report: Readonly<Record<string, unknown>> }
  | { readonly valid: false; readonly why: string }

/**
 * Verifies the signature of a report. With `publicKey`, only that key is accepted. Without it, the key in the report is
 * used, which proves that the report is unchanged but not who signed it.
 */
export function verifyReport(text: string, publicKey?: string): Verdict {
  const parsed = SignedReport.safeParse(jsonOf(text))
  if (!parsed.success) return { valid: false, why: 'it is not a signed report' }
  const { report, signature } = parsed.data
  if (publicKey !== undefined && publicKey.trim() !== signature.public_key) {
    return { valid: false, why: `it is signed with another key, ${signature.key_id}` }
  }
  const der = Buffer.from(signature.public_key, 'base64url')
  if (keyIdOf(der) !== signature.key_id) return { valid: false, why: 'its key id does not match its key' }
  return isSigned(report, der, Buffer.from(signature.value, 'base64url'))
    ? { valid: true, keyId: signature.key_id, report }
    : { valid: false, why: 'it was altered after it was signed' }
}

function isSigned(report: Readonly<Record<string, unknown>>, der: Buffer, signature: Buffer): boolean {
  try {
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' })
    return key.asymmetricKeyType === 'ed25519' && verify(null, signedBytes(report), key, signature)
  } catch {
    // Safe because bytes that are not a key cannot have signed anything.
    return false
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because the caller reports it as not a signed report.
    return undefined
  }
}

const signedBytes = (report: unknown) => Buffer.from(`plimsoll erasure report v1\n${canonicalJson(report)}`)
const keyIdOf = (der: Buffer) => createHash('sha256').update(der).digest('hex').slice(0, 16)
