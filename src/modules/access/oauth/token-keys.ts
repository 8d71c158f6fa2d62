import { importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'

/**
 * The accepted algorithms. They are asymmetric: with HMAC a public key could be used as the secret. Each key is bound
 * to the algorithm of its entry in the key set, so a token cannot choose another.
 */
const TOKEN_ALGORITHMS = ['EdDSA', 'ES256', 'ES384', 'ES512', 'RS256', 'PS256'] as const
type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number]

export interface VerificationKey {
  readonly algorithm: TokenAlgorithm
  readonly key: CryptoKey
}

/** The public keys of one issuer, by their `kid`. */
export interface TokenKeys {
  /** Undefined when the issuer has no such key. Throws `Failure('unavailable')` when its keys cannot be read. */
  find(kid: string): VerificationKey | undefined | Promise<VerificationKey | undefined>
}

/** The keys of a key set that verify signatures with an accepted algorithm. */
export async function keysOf(set: readonly JWK[]): Promise<ReadonlyMap<string, VerificationKey>> {
  const keys = new Map<string, VerificationKey>()
  for (const jwk of set) {
    const algorithm = algorithmOf(jwk)
    if (algorithm === undefined || jwk.kid === undefined || keys.has(jwk.kid)) continue
    const key = await importJWK(publicPart(jwk), algorithm).catch(() => undefined)
    if (key !== undefined && !(key instanceof Uint8Array)) keys.set(jwk.kid, { algorithm, key })
  }
  return keys
}

const CURVES: Readonly<Record<string, TokenAlgorithm>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/** The algorithm that a key states, or the one of its curve. RS256 for an RSA key that states none. */
function algorithmOf(jwk: JWK): TokenAlgorithm | undefined {
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes('verify')) return undefined
  const stated = jwk.alg === 'Ed25519' ? 'EdDSA' : jwk.alg
  if (jwk.kty === 'RSA')
    return stated === 'PS256' ? 'PS256' : stated === undefined || stated === 'RS256' ? 'RS256' : undefined
  if (jwk.kty !== 'EC' && jwk.kty !== 'OKP') return undefined
  const byCurve = CURVES[jwk.crv ?? '']
  return stated === undefined || stated === byCurve ? byCurve : undefined
}

function publicPart({ kty, crv, x, y, n, e, kid, alg }: JWK): JWK {
  return Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e, kid, alg }).filter(([, value]) => value !== undefined),
  )
}
