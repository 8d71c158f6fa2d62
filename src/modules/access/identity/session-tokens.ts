import { randomBytes } from 'node:crypto'
import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import type { SignAccessToken, TokenSubject } from './access-token.ts'
import type { IdentityEvents } from './events.ts'
import { networkOf } from './keyed-hash.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { findTokenGrant } from './store/grants.ts'
import { insertRefreshToken, lockRefreshToken, prolongSessionTo, useRefreshToken } from './store/refresh-tokens.ts'
import type { RefreshTokenRow } from './store/refresh-tokens.ts'
import { endSession, switchSessionTenant } from './store/sessions.ts'
import type { Caller } from './caller.ts'

/** What a sign-in or a refresh hands out. */
export interface SessionTokens {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly refresh_token: string
}

export interface SessionTokenParts {
  readonly db: Db
  readonly clock: Clock
  readonly hash: () => Promise<KeyedHash>
  readonly sign: SignAccessToken
  readonly events: IdentityEvents
  readonly accessTokenSeconds: number
  readonly refreshTokenDays: number
}

/** A second use within this time, from the same network, is a retry or another tab: refused, and nothing more. */
export const RETRY_SECONDS = 10

type Rotation =
  | { readonly outcome: 'rotated'; readonly subject: TokenSubject; readonly refreshToken: string }
  | { readonly outcome: 'refused'; readonly message: string; readonly code?: string }
  | { readonly outcome: 'stolen'; readonly row: RefreshTokenRow }

/** The tokens of sessions: an access token of minutes, and a refresh token that each use replaces. */
export function sessionTokens(parts: SessionTokenParts) {
  const { db, clock, sign, events, accessTokenSeconds, refreshTokenDays } = parts
  const answer = async (subject: TokenSubject, refreshToken: string): Promise<SessionTokens> => ({
    access_token: await sign(subject),
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    refresh_token: refreshToken,
  })
  const hashed = async (token: string) => (await parts.hash())('refresh-token', token)
  const issue = async (tx: Db, sessionId: string, now: Date): Promise<string> => {
    const token = `plr_${randomBytes(32).toString('base64url')}`
    const expiresAt = new Date(now.getTime() + refreshTokenDays * 86_400_000)
    await insertRefreshToken(tx, { hash: await hashed(token), sessionId, issuedAt: now, expiresAt })
    await prolongSessionTo(tx, sessionId, expiresAt, now)
    return token
  }

  const rotate = async (tx: Db, hash: Buffer, network: Buffer, tenant: string | undefined): Promise<Rotation> => {
    const now = clock()
    const row = await lockRefreshToken(tx, hash)
    if (row === undefined) return UNKNOWN
    const { session_id: sessionId, user_id: userId, used_at: usedAt } = row
    if (usedAt !== null) {
      const isRetry =
        now.getTime() - usedAt.getTime() <= RETRY_SECONDS * 1000 && network.equals(row.used_network ?? hash)
      if (isRetry) return ALREADY_USED
      await endSession(tx, sessionId, userId)
      return { outcome: 'stolen', row }
    }
    if (row.expires_at <= now || row.session_expires_at <= now) return EXPIRED
    const tenantId = tenant ?? row.active_tenant_id
    const grant = tenantId === null ? undefined : await findTokenGrant(tx, { userId, tenantId, sessionId })
    if (tenantId === null || grant === undefined) return NO_MEMBER
    if (tenantId !== row.active_tenant_id) await switchSessionTenant(tx, sessionId, tenantId, now)
    await useRefreshToken(tx, hash, now, network)
    return {
      outcome: 'rotated',
      subject: { userId, sessionId, tenantId },
      refreshToken: await issue(tx, sessionId, now),
    }
  }

  return {
    /** The first tokens of a session. */
    async start(subject: TokenSubject): Promise<SessionTokens> {
      const token = await db.transaction().execute((tx) => issue(tx, subject.sessionId, clock()))
      return answer(subject, token)
    },

    /**
     * New tokens for a refresh token, which is good for one use; `tenant` moves the session to another organisation of
     * the person. A token that comes again ends its session at once, in every process, unless it is plainly a retry.
     */
    async refresh(
      refreshToken: string,
      tenant: string | undefined,
      from: Caller,
    ): Promise<SessionTokens & TokenSubject> {
      const network = (await parts.hash())('network', networkOf(from.address))
      const hash = await hashed(refreshToken)
      const rotation = await db.transaction().execute((tx) => rotate(tx, hash, network, tenant))
      if (rotation.outcome === 'rotated') {
        return { ...(await answer(rotation.subject, rotation.refreshToken)), ...rotation.subject }
      }
      if (rotation.outcome === 'stolen') {
        const { user_id: userId, session_id: sessionId, active_tenant_id: tenantId } = rotation.row
        await events.record(from, {
          ...{ action: 'identity.refresh-token-reused', outcome: 'denied', userId, tenantId, subject: sessionId },
        })
        throw new Failure(
          'unauthenticated',
          'This refresh token was used before: its session is ended. Sign in again.',
          {
            code: 'REFRESH_TOKEN_REUSED',
          },
        )
      }
      throw new Failure('unauthenticated', rotation.message, { code: rotation.code ?? 'INVALID_REFRESH_TOKEN' })
    },
  }
}

const UNKNOWN: Rotation = { outcome: 'refused', message: 'This refresh token is not known. Sign in again.' }
const EXPIRED: Rotation = { outcome: 'refused', message: 'This refresh token has expired. Sign in again.' }
const NO_MEMBER: Rotation = { outcome: 'refused', message: 'You are not a member of that organisation.' }
const ALREADY_USED: Rotation = {
  outcome: 'refused',
  message: 'This refresh token was used a moment ago: use the one you got for it.',
  code: 'REFRESH_TOKEN_USED',
}

export type Tokens = ReturnType<typeof sessionTokens>
