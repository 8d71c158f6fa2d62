import { jwtVerify, createLocalJWKSet } from 'jose'
import type { Db } from '#kernel/database/db'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import type { OpenRequest } from '#kernel/calls/route'
import type { IdentityEvents } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { SIGNING_ALGORITHM } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'
import { lockRefreshToken } from './store/refresh-tokens.ts'
import { endSession } from './store/sessions.ts'

/**
 * Ends the session of a refresh token, or of the access token in the header, whichever is given: from the commit on no
 * process takes either. A token that is not known ends nothing and is no error, so that signing out twice is none.
 */
export function signOut(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly keys: SigningKeys
  readonly hash: () => Promise<KeyedHash>
  readonly publicUrl: () => string
  readonly events: IdentityEvents
}) {
  const { db, events } = parts
  return async (refreshToken: string | undefined, from: OpenRequest): Promise<void> => {
    const session =
      refreshToken === undefined
        ? await sessionOfBearer(parts, from.headers.get('authorization'))
        : await sessionOfRefreshToken(parts, refreshToken)
    if (session === undefined) return
    const ended = await endSession(db, session.sessionId, session.userId)
    if (ended === undefined) return
    await events.record(from, {
      ...{ action: 'identity.sign-out', outcome: 'success', userId: ended.user_id },
      ...{ tenantId: ended.active_tenant_id, subject: ended.id },
    })
  }
}

interface SessionOf {
  readonly sessionId: string
  readonly userId: string
}

async function sessionOfRefreshToken(
  { db, hash }: Parameters<typeof signOut>[0],
  refreshToken: string,
): Promise<SessionOf | undefined> {
  const stored = (await hash())('refresh-token', refreshToken)
  const row = await db.transaction().execute((tx) => lockRefreshToken(tx, stored))
  return row === undefined ? undefined : { sessionId: row.session_id, userId: row.user_id }
}

async function sessionOfBearer(
  { clock, keys, publicUrl }: Parameters<typeof signOut>[0],
  authorization: string | null,
): Promise<SessionOf | undefined> {
  const token = /^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) {
    throw new Failure('unauthenticated', 'Send the refresh token in the body, or the access token in the header.')
  }
  const set = createLocalJWKSet({ keys: [...(await keys.publicKeys())] })
  const url = publicUrl()
  const verified = await jwtVerify(token, set, {
    ...{ algorithms: [SIGNING_ALGORITHM], typ: 'at+jwt', issuer: url, audience: url, currentDate: clock() },
    // Safe because whatever is wrong with the token, it is not one that ends a session.
  }).catch(() => undefined)
  if (verified === undefined)
    throw new Failure('unauthenticated', 'The access token is not valid any more. Sign in again.')
  const { sid, sub } = verified.payload
  return typeof sid === 'string' && sub !== undefined ? { sessionId: sid, userId: sub } : undefined
}
