import { randomBytes } from 'node:crypto'
import type { Clock } from '#kernel/clock'
import type { OnTx } from '#kernel/database/statement'
import type { TokenSubject } from './access-token.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { findTokenGrant } from './store/grants.ts'
import { insertRefreshToken, lockRefreshToken, useRefreshToken } from './store/refresh-tokens.ts'
import type { RefreshTokenRow } from './store/refresh-tokens.ts'
import { endSession, switchSessionTenant } from './store/sessions.ts'

/**
 * A second use of a token within this time and from the same network is a retry, or another tab: it is refused, but
 * does not end the session.
 */
export const RETRY_SECONDS = 10

export type Rotation =
  | { readonly outcome: 'rotated'; readonly subject: TokenSubject; readonly refreshToken: string }
  | { readonly outcome: 'refused'; readonly message: string; readonly code?: string }
  | { readonly outcome: 'reused'; readonly row: RefreshTokenRow }

interface RotationParts {
  readonly clock: Clock
  readonly hash: KeyedHash
  readonly refreshTokenDays: number
}

/** Issues a refresh token, and extends the session to its expiry. Only the hash of the token is stored. */
export async function issueRefreshToken(on: OnTx, sessionId: string, parts: RotationParts): Promise<string> {
  const { clock, hash, refreshTokenDays } = parts
  const token = `plr_${randomBytes(32).toString('base64url')}`
  const issued_at = clock()
  const expires_at = new Date(issued_at.getTime() + refreshTokenDays * 86_400_000)
  await insertRefreshToken(on, { hash: hash('refresh-token', token), session_id: sessionId, issued_at, expires_at })
  return token
}

/**
 * Exchanges a refresh token for a new one, in the caller's transaction. The row is locked, so that of two concurrent
 * uses only the first succeeds. A second use ends the session, unless it is a retry.
 */
export async function rotate(
  on: OnTx,
  sent: { readonly token: string; readonly network: string; readonly tenant: string | undefined },
  parts: RotationParts,
): Promise<Rotation> {
  const { clock, hash } = parts
  const [stored, network, now] = [hash('refresh-token', sent.token), hash('network', sent.network), clock()]
  const row = await lockRefreshToken(on, stored)
  if (row === undefined) return refused('This refresh token is invalid. Sign in again.')
  const { session_id: sessionId, user_id: userId } = row
  if (row.used_at !== null) {
    if (isRetry(row.used_at, row.used_network, now, network)) {
      return refused('This refresh token has just been used. Use the new one from that response.', 'REFRESH_TOKEN_USED')
    }
    await endSession(on, sessionId, userId)
    return { outcome: 'reused', row }
  }
  if (row.expires_at <= now || row.session_expires_at <= now) {
    return refused('This refresh token has expired. Sign in again.')
  }
  const tenantId = sent.tenant ?? row.active_tenant_id
  if (tenantId === null || (await findTokenGrant(on, { userId, tenantId, sessionId })) === undefined) {
    return refused('You are not a member of that organisation.', 'NOT_A_MEMBER')
  }
  if (tenantId !== row.active_tenant_id) await switchSessionTenant(on, sessionId, tenantId, now)
  await useRefreshToken(on, { hash: stored, now, network })
  const refreshToken = await issueRefreshToken(on, sessionId, parts)
  return { outcome: 'rotated', subject: { userId, sessionId, tenantId }, refreshToken }
}

function isRetry(usedAt: Date, usedNetwork: Buffer | null, now: Date, network: Buffer): boolean {
  return usedNetwork?.equals(network) === true && now.getTime() - usedAt.getTime() <= RETRY_SECONDS * 1000
}

function refused(message: string, code = 'INVALID_REFRESH_TOKEN'): Rotation {
  return { outcome: 'refused', message, code }
}
