import { callerOf } from './caller.ts'
import { refuse } from './refuse.ts'
import { findDefaultTenant } from './store/people.ts'
import { unproved } from './unproved.ts'
import type { WatchParts } from './watch-parts.ts'

/** Counts a password that is about to be tried at sign-in; refuses it unseen where there were too many. */
export async function stopGuessing(parts: WatchParts, email: string, headers: Headers | undefined): Promise<undefined> {
  const from = callerOf(headers)
  const refused = await parts.guard.take(email, from.address)
  if (refused === undefined) return undefined
  const locked = await unproved(parts, email, { action: 'identity.account-locked', outcome: 'denied' })
  if (refused.isNew) await parts.events.record(from, locked)
  await parts.events.record(from, { ...locked, action: 'identity.sign-in', reason: 'locked' })
  throw refuse.locked(refused.retryAfterSeconds)
}

interface Insider {
  readonly user: { readonly id: string; readonly email: string }
}

/**
 * The same for a password that is asked for within a session: who has stolen one must not find the password with it.
 * Tries are counted with those at sign-in. Without a session there is nothing to try: the library refuses it.
 */
export async function stopGuessingWithin(
  parts: WatchParts,
  session: Insider | null,
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
  throw refuse.locked(refused.retryAfterSeconds)
}
