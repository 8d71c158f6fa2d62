import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import { deleteSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import { apiErrors } from './api-errors.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { useCode } from './store/used-codes.ts'

const Body = z.object({ code: z.string() })

/**
 * A plugin that accepts each code of an authenticator app only once (RFC 6238, 5.2), so that an observed code cannot be
 * used again. The library alone accepts a code repeatedly while it is valid.
 */
export function singleUseCodes(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly hash: () => Promise<KeyedHash>
}): BetterAuthPlugin {
  const after = createAuthMiddleware(async (ctx) => {
    const { newSession, session } = ctx.context
    const body = Body.safeParse(ctx.body)
    // A call with a session confirms a new secret; it is not a sign-in.
    if (newSession === null || session !== null || !body.success) return
    const user_id = newSession.user.id
    const code = (await parts.hash())('code', `${user_id}\0${body.data.code}`)
    if (await useCode(parts.db, { user_id, code, now: parts.clock() })) return
    await ctx.context.internalAdapter.deleteSession(newSession.session.token)
    deleteSessionCookie(ctx)
    ctx.context.setNewSession(null)
    throw apiErrors.usedCode()
  })
  return {
    id: 'plimsoll-single-use-codes',
    hooks: { after: [{ matcher: ({ path }) => path === '/two-factor/verify-totp', handler: after }] },
  }
}
