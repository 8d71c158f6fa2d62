import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import { deleteSessionCookie } from 'better-auth/cookies'
import { z } from 'zod'
import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import type { KeyedHash } from './keyed-hash.ts'
import { refuse } from './refuse.ts'
import { useCode } from './store/used-codes.ts'

const Sent = z.object({ code: z.string() })

/**
 * Lets a code of an authenticator app sign in once (RFC 6238, 5.2): who looked over a shoulder, or into the traffic of
 * another site, comes too late. The library takes a code for as long as it is shown.
 */
export function codeOnce(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly hash: () => Promise<KeyedHash>
}): BetterAuthPlugin {
  const after = createAuthMiddleware(async (ctx) => {
    const { newSession, session } = ctx.context
    const sent = Sent.safeParse(ctx.body)
    // With a session it is the first code of a new secret.
    if (newSession === null || session !== null || !sent.success) return
    const user_id = newSession.user.id
    const code = (await parts.hash())('code', `${user_id}\0${sent.data.code}`)
    if (await useCode(parts.db, { user_id, code, now: parts.clock() })) return
    await ctx.context.internalAdapter.deleteSession(newSession.session.token)
    deleteSessionCookie(ctx)
    ctx.context.setNewSession(null)
    throw refuse.usedCode()
  })
  return {
    id: 'plimsoll-code-once',
    hooks: { after: [{ matcher: ({ path }) => path === '/two-factor/verify-totp', handler: after }] },
  }
}
