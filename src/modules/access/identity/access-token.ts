import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Clock } from '#kernel/clock'
import { SIGNING_ALGORITHM } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'

/** The person, session and tenant of an access token. */
export interface TokenSubject {
  readonly userId: string
  readonly sessionId: string
  readonly tenantId: string
}

/**
 * Signs an access token of our own sign-in, in the format of RFC 9068. Its audience is the whole server. It has no
 * scopes: at each use they are those of the person's current role.
 */
export type SignAccessToken = (subject: TokenSubject) => Promise<string>

export function accessTokenSigner(parts: {
  readonly keys: SigningKeys
  readonly publicUrl: () => string
  readonly clock: Clock
  readonly accessTokenSeconds: number
}): SignAccessToken {
  const { keys, publicUrl, clock, accessTokenSeconds } = parts
  return async ({ userId, sessionId, tenantId }) => {
    const { keyId, key } = await keys.signer()
    const issuedAt = Math.floor(clock().getTime() / 1000)
    return new SignJWT({ sid: sessionId, tenant: tenantId })
      .setProtectedHeader({ alg: SIGNING_ALGORITHM, typ: 'at+jwt', kid: keyId })
      .setIssuer(publicUrl())
      .setAudience(publicUrl())
      .setSubject(userId)
      .setJti(randomUUID())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + accessTokenSeconds)
      .sign(key)
  }
}
