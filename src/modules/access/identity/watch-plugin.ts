import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware, getSessionFromCtx, isAPIError } from 'better-auth/api'
import { apiErrors } from './api-errors.ts'
import { callerOf } from './caller.ts'
import { checkSessionLockout, checkSignInLockout } from './check-lockout.ts'
import { passwordProblems } from './password-rule.ts'
import { findPerson } from './store/people.ts'
import { asRecord, text } from './untyped.ts'
import type { WatchParts } from './watch-parts.ts'
import { watchedEvents } from './watched-events.ts'

/**
 * A plugin with our rules around the library's endpoints, for calls from our routes and from browsers: the lockout
 * before a password is checked, the password rule, and an audit event for each outcome. It must be the last plugin,
 * since the two-factor plugin before it removes the session that the password alone has created.
 */
export function watchPlugin(parts: WatchParts): BetterAuthPlugin {
  const matcher = () => true
  return {
    id: 'plimsoll-watch',
    hooks: { before: [{ matcher, handler: rules(parts) }], after: [{ matcher, handler: recorder(parts) }] },
  }
}

function rules(parts: WatchParts) {
  return createAuthMiddleware(async (ctx) => {
    const body = asRecord(ctx.body)
    switch (ctx.path) {
      case '/sign-in/email':
        return checkSignInLockout(parts, text(body['email']), ctx.headers)
      case '/sign-up/email':
        requireValidName(text(body['name']))
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
        await checkSessionLockout(parts, session, ctx.headers)
        // A changed password ends the sessions on other devices.
        return { context: { body: { ...body, revokeOtherSessions: true } } }
      }
      case '/organization/set-active':
        return { context: { body: withOrganizationId(body) } }
      case '/two-factor/enable':
      case '/two-factor/disable':
      case '/two-factor/generate-backup-codes':
        return checkSessionLockout(parts, await getSessionFromCtx(ctx), ctx.headers)
      default:
        return undefined
    }
  })
}

/** Records in the audit trail how each call of an endpoint ended. */
function recorder(parts: WatchParts) {
  const record = watchedEvents(parts)
  return createAuthMiddleware(async (ctx) => {
    const { newSession, returned, session } = ctx.context
    const error = isAPIError(returned) ? returned : undefined
    await record(ctx.path, {
      from: callerOf(ctx.headers),
      body: asRecord(ctx.body),
      code: error === undefined ? undefined : text(asRecord(error.body)['code']),
      answered: text(asRecord(asRecord(returned)['user'])['id']),
      signedIn: newSession ?? undefined,
      session: session ?? undefined,
    })
  })
}

/** Passes a slug as the id, which it equals: by slug the library reveals whether an organisation exists. */
function withOrganizationId(body: Readonly<Record<string, unknown>>): object {
  const { organizationSlug, ...rest } = body
  return organizationSlug === undefined ? body : { organizationId: organizationSlug, ...rest }
}

async function requireStrong(password: string, email: string | undefined): Promise<undefined> {
  const problems = await passwordProblems(password, email)
  if (problems.length > 0) throw apiErrors.weakPassword(problems)
}

/** Refuses links in names: names appear in mails to other people, where a link could be used for phishing. */
function requireValidName(name: string): void {
  if (name.trim() === '' || name.length > 100 || /:\/\/|www\.|[\r\n]/i.test(name)) throw apiErrors.invalidName()
}
