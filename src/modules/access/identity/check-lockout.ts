import { apiErrors } from './api-errors.ts'
import { callerOf } from './caller.ts'
import { eventOfEmail } from './event-of-email.ts'
import { findDefaultTenant } from './store/people.ts'
import type { WatchParts } from './watch-parts.ts'

/** Counts a sign-in attempt, before its password is checked, and refuses it while there is a lock. */
export async function checkSignInLockout(
  parts: WatchParts,
  email: string,
  headers: Headers | undefined,
): Promise<undefined> {
  const from = callerOf(headers)
  const refused = await parts.guard.take(email, from.address)
  if (refused === undefined) return undefined
  const locked = await eventOfEmail(parts, email, { action: 'identity.account-locked', outcome: 'denied' })
  if (refused.isNew) await parts.events.record(from, locked)
  await parts.events.record(from, { ...locked, action: 'identity.sign-in', reason: 'locked' })
  throw apiErrors.accountLocked(refused.retryAfterSeconds)
}

interface SignedInPerson {
  readonly user: { readonly id: string; readonly email: string }
}

/**
 * The same for an endpoint that asks for the password within a session, so that a person with a stolen session cannot
 * guess the password with it. Attempts are counted with those at sign-in. A call without a session is not counted: the
 * library refuses it.
 */
export async function checkSessionLockout(
  parts: WatchParts,
  session: SignedInPerson | null,
  headers: Headers | undefined,
): Promise<undefined> {
  if (session === null) return undefined
  const from = callerOf(headers)
  const { id: userId, email } = session.user
  const refused = await parts.guard.take(email, from.address)
  if (refused === undefined) return undefined
  if (refused.isNew) {
    const tenantId = await findDefaultTenant(parts.db, userId)
    const event = { action: 'identity.account-locked', outcome: 'denied' } as const
    await parts.events.record(from, { ...event, about: userId, tenantId, subject: userId })
  }
  throw apiErrors.accountLocked(refused.retryAfterSeconds)
}
