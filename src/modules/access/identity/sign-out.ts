import { jwtVerify, createLocalJWKSet } from 'jose'
import type { Db } from '#kernel/database/db'
import { autocommit, transact } from '#kernel/database/transact'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import type { OpenRequest } from '#kernel/calls/route'
import type { IdentityEvents } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { SIGNING_ALGORITHM } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'
import { lockRefreshToken } from './store/refresh-tokens.ts'
import { endSession } from './store/sessions.ts'
import type { OwnedSession } from './store/sessions.ts'

interface SignOutParts {
  readonly db: Db
  readonly clock: Clock
  readonly keys: SigningKeys
  readonly hash: () => Promise<KeyedHash>
  readonly publicUrl: () => string
  readonly events: IdentityEvents
}

/**
 * Ends the session of the refresh token, or of the access token in the header if there is none. From the commit on
 * every process refuses both tokens. An unknown refresh token is no error, so that signing out twice succeeds.
 */
export function signOut(parts: SignOutParts) {
  const { events } = parts
  return async (refreshToken: string | undefined, from: OpenRequest): Promise<void> => {
    const ended =
      refreshToken === undefined
        ? await endSessionOfBearer(parts, from.headers.get('authorization'))
        : await endSessionOfRefreshToken(parts, refreshToken)
    if (ended === undefined) return
    await events.record(from, {
      action: 'identity.sign-out',
      outcome: 'success',
      userId: ended.user_id,
      tenantId: ended.tenant_id,
      subject: ended.session_id,
    })
  }
}

async function endSessionOfRefreshToken(
  { db, hash }: SignOutParts,
  refreshToken: string,
): Promise<OwnedSession | undefined> {
  const stored = (await hash())('refresh-token', refreshToken)
  return transact(db, async (tx) => {
    const row = await lockRefreshToken({ db: tx }, stored)
    return row && endSession({ db: tx }, row.session_id, row.user_id)
  })
}

async function endSessionOfBearer(
  { db, clock, keys, publicUrl }: SignOutParts,
  authorization: string | null,
): Promise<OwnedSession | undefined> {
  const token = /^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) {
    throw new Failure('unauthenticated', 'Send the refresh token in the body, or the access token in the header.')
  }
  const set = createLocalJWKSet({ keys: [...(await keys.publicKeys())] })
  const url = publicUrl()
  const verified = await jwtVerify(token, set, {
    algorithms: [SIGNING_ALGORITHM],
    typ: 'at+jwt',
    issuer: url,
    audience: url,
    currentDate: clock(),
    // Safe because every error here means that the token is invalid.
  }).catch(() => undefined)
  if (verified === undefined)
    throw new Failure('unauthenticated', 'The access token is no longer valid. Sign in again.')
  const { sid, sub } = verified.payload
  return typeof sid === 'string' && sub !== undefined ? endSession(autocommit({ db }), sid, sub) : undefined
}
