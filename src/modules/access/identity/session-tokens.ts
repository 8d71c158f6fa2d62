import { z } from 'zod'
import { addressBucket } from '#kernel/network/address'
import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import { transact } from '#kernel/database/transact'
import { Failure } from '#kernel/failure'
import type { SignAccessToken, TokenSubject } from './access-token.ts'
import type { Caller } from './caller.ts'
import type { IdentityEvents } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { issueRefreshToken, rotate } from './refresh-rotation.ts'
import { TenantRef } from './shapes.ts'

export const RefreshInput = z.strictObject({
  refresh_token: z.string().min(1).max(200),
  tenant_id: TenantRef.optional(),
})

/** The tokens that a sign-in or a refresh returns. */
export const TokensAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().describe('Seconds.'),
  refresh_token: z.string().describe('Valid for one use; each use returns a new one.'),
  tenant_id: z.string(),
})
type TokensAnswer = z.output<typeof TokensAnswer>

export interface Tokens {
  /** Issues the first tokens of a session. */
  start(subject: TokenSubject): Promise<TokensAnswer>
  /**
   * Exchanges a refresh token, which is valid for one use, for new tokens; with a tenant it moves the session to
   * another organisation of the person. A reused token ends its session at once, in every process, unless the use is a
   * retry.
   */
  refresh(input: z.output<typeof RefreshInput>, from: Caller): Promise<TokensAnswer>
}

/** Issues the tokens of sessions: a short-lived access token, and a refresh token that each use replaces. */
export function sessionTokens(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly hash: () => Promise<KeyedHash>
  readonly sign: SignAccessToken
  readonly events: IdentityEvents
  readonly accessTokenSeconds: number
  readonly refreshTokenDays: number
}): Tokens {
  const { db, sign, events, accessTokenSeconds } = parts
  const answer = async (subject: TokenSubject, refreshToken: string): Promise<TokensAnswer> => ({
    access_token: await sign(subject),
    token_type: 'Bearer',
    expires_in: accessTokenSeconds,
    refresh_token: refreshToken,
    tenant_id: subject.tenantId,
  })
  return {
    async start(subject) {
      const rotation = { ...parts, hash: await parts.hash() }
      return answer(subject, await transact(db, (tx) => issueRefreshToken({ db: tx }, subject.sessionId, rotation)))
    },
    async refresh({ refresh_token: token, tenant_id: tenant }, from) {
      const rotation = { ...parts, hash: await parts.hash() }
      const sent = { token, tenant, network: addressBucket(from.address) }
      // The end of the session after a reuse is committed before the call is refused.
      const rotated = await transact(db, (tx) => rotate({ db: tx }, sent, rotation))
      switch (rotated.outcome) {
        case 'rotated':
          return answer(rotated.subject, rotated.refreshToken)
        case 'refused':
          throw new Failure(
            'unauthenticated',
            rotated.message,
            rotated.code === undefined ? {} : { code: rotated.code },
          )
        case 'reused': {
          const { user_id: userId, session_id: subject, active_tenant_id: tenantId } = rotated.row
          const event = { action: 'identity.refresh-token-reused', outcome: 'denied' } as const
          await events.record(from, { ...event, about: userId, tenantId, subject })
          const message = 'This refresh token was already used, so its session was ended. Sign in again.'
          throw new Failure('unauthenticated', message, { code: 'REFRESH_TOKEN_REUSED' })
        }
      }
    },
  }
}

/** Refuses sign-in and refresh where an external issuer issues the access tokens, since ours are not accepted there. */
export function externalIssuerRefusal(issuer: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new Failure('forbidden', `Access tokens are issued by ${issuer}. Sign in there.`, { code: 'TOKENS_ELSEWHERE' }),
    )
}
