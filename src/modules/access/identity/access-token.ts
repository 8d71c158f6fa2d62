import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { Clock } from '#kernel/clock'
import { SIGNING_ALGORITHM } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Whose session a token is for, and in which tenant. */
export interface TokenSubject {
  readonly userId: string
  readonly sessionId: string
  readonly tenantId: string
}

/**
 * An access token of our own sign-in (RFC 9068 in form): its audience is the whole server, and it has no scopes, since
 * the person's role decides at each use.
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
