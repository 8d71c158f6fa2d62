import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api'
import { callerOf } from './caller.ts'
import { passwordProblems } from './password-rule.ts'
import { refuse } from './refuse.ts'
import { stopGuessing, stopGuessingWithin } from './stop-guessing.ts'
import { findPerson } from './store/people.ts'
import { asRecord, text } from './untyped.ts'
import type { WatchParts } from './watch-parts.ts'
import { watchedEvents } from './watched-events.ts'

/**
 * Our rules around the library's endpoints, whichever way they are reached: the lock-out before a password is looked
 * at, what a new password must be, and an event for everything that happened. It stands last among the plugins, where
 * the second factor has already taken back the session that the password made.
 */
export function watchPlugin(parts: WatchParts): BetterAuthPlugin {
  const matcher = () => true
  return {
    id: 'plimsoll-watch',
    hooks: { before: [{ matcher, handler: rules(parts) }], after: [{ matcher, handler: teller(parts) }] },
  }
}

function rules(parts: WatchParts) {
  return createAuthMiddleware(async (ctx) => {
    const body = asRecord(ctx.body)
    switch (ctx.path) {
      case '/sign-in/email':
        return stopGuessing(parts, text(body['email']), ctx.headers)
      case '/sign-up/email':
        requireName(text(body['name']))
        return requireStrong(text(body['password']), text(body['email']))
      case '/reset-password': {
        const token = text(body['token'])
        const found =
          token === '' ? null : await ctx.context.internalAdapter.findVerificationValue(`reset-password:${token}`)
        const person = found === null ? undefined : await findPerson(parts.db, found.value)
        return requireStrong(text(body['newPassword']), person?.email)
      }
      case '/change-password': {
        const session = await getSessionFromCtx(ctx)
        await requireStrong(text(body['newPassword']), session?.user.email)
        await stopGuessingWithin(parts, session, ctx.headers)
        // Whoever changes a password wants nobody else to be in.
        return { context: { body: { ...body, revokeOtherSessions: true } } }
      }
      case '/organization/set-active':
        return { context: { body: byId(body) } }
      case '/two-factor/enable':
      case '/two-factor/disable':
      case '/two-factor/generate-backup-codes':
        return stopGuessingWithin(parts, await getSessionFromCtx(ctx), ctx.headers)
      default:
        return undefined
    }
  })
}

/** Tells the audit trail how each call of an endpoint ended. */
function teller(parts: WatchParts) {
  const tell = watchedEvents(parts)
  return createAuthMiddleware(async (ctx) => {
    const { newSession, returned, session } = ctx.context
    const error = isAPIError(returned) ? returned : undefined
    await tell(ctx.path, {
      from: callerOf(ctx.headers),
      body: asRecord(ctx.body),
      code: error === undefined ? undefined : text(asRecord(error.body)['code']),
      answered: text(asRecord(asRecord(returned)['user'])['id']),
      signedIn: newSession ?? undefined,
      session: session ?? undefined,
    })
  })
}

/** A name is an id here. By name the library tells organisations of others from those that nobody has. */
function byId(body: Readonly<Record<string, unknown>>): object {
  const { organizationSlug, ...rest } = body
  return organizationSlug === undefined ? body : { organizationId: organizationSlug, ...rest }
}

async function requireStrong(password: string, email: string | undefined): Promise<undefined> {
  const problems = await passwordProblems(password, email)
  if (problems.length > 0) throw refuse.weakPassword(problems)
}

/** It stands in mails to others, where a link would be somebody's bait. */
function requireName(name: string): void {
  if (name.trim() === '' || name.length > 100 || /:\/\/|www\.|[\r\n]/i.test(name)) throw refuse.badName()
}
