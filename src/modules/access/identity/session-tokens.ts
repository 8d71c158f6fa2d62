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

/** What a sign-in or a refresh hands out. */
export const TokensAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().describe('Seconds.'),
  refresh_token: z.string().describe('Good for one use; each use answers another.'),
  tenant_id: z.string(),
})
type TokensAnswer = z.output<typeof TokensAnswer>

export interface Tokens {
  /** The first tokens of a session. */
  start(subject: TokenSubject): Promise<TokensAnswer>
  /**
   * New tokens for a refresh token, which is good for one use; with a tenant it moves the session to another
   * organisation of the person. A token that comes again ends its session at once, in every process, unless it is
   * plainly a retry.
   */
  refresh(input: z.output<typeof RefreshInput>, from: Caller): Promise<TokensAnswer>
}

/** The tokens of sessions: an access token of minutes, and a refresh token that each use replaces. */
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
      // What a stolen token leads to is committed before it is refused.
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
        case 'stolen': {
          const { user_id: userId, session_id: subject, active_tenant_id: tenantId } = rotated.row
          const event = { action: 'identity.refresh-token-reused', outcome: 'denied' } as const
          await events.record(from, { ...event, about: userId, tenantId, subject })
          const message = 'This refresh token was used before: its session is ended. Sign in again.'
          throw new Failure('unauthenticated', message, { code: 'REFRESH_TOKEN_REUSED' })
        }
      }
    },
  }
}

/** Where another issuer makes the access tokens, ours would open nothing: nobody is given one. */
export function tokensElsewhere(issuer: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new Failure('forbidden', `Access tokens are made by ${issuer} here: ask there.`, { code: 'TOKENS_ELSEWHERE' }),
    )
}
