import { personal } from '#kernel/audit'
import type { Caller } from './caller.ts'
import { eventOfEmail } from './event-of-email.ts'
import type { IdentityEvent } from './events.ts'
import { findPersonIdByEmail } from './store/people.ts'
import { text } from './untyped.ts'
import type { WatchParts } from './watch-parts.ts'

interface SessionOf {
  readonly user: { readonly id: string; readonly email: string }
  readonly session: { readonly id: string; readonly activeOrganizationId?: unknown }
}

/** The outcome of one call of an endpoint. */
export interface Watched {
  readonly from: Caller
  readonly body: Readonly<Record<string, unknown>>
  /** The error code; undefined when the call succeeded. */
  readonly code: string | undefined
  /** The session that the call created and kept. */
  readonly signedIn: SessionOf | undefined
  /** The user id in the answer. A sign-up with an address that has an account answers an invented one. */
  readonly answered: string | undefined
  /** The session of the caller. */
  readonly session: SessionOf | undefined
}

type EventFields = Pick<IdentityEvent, 'action' | 'outcome' | 'reason'>

/** The audit actions of endpoints that change the caller's own account. */
const OWN_ACTIONS: Readonly<Record<string, string>> = {
  '/change-password': 'identity.password-changed',
  '/two-factor/enable': 'identity.two-factor-started',
  '/two-factor/disable': 'identity.two-factor-disabled',
  '/two-factor/generate-backup-codes': 'identity.backup-codes-made',
  '/organization/set-active': 'identity.organisation-switched',
}

/** The endpoints that check the password first. */
const PASSWORD_FIRST: ReadonlySet<string> = new Set([
  '/change-password',
  '/two-factor/enable',
  '/two-factor/disable',
  '/two-factor/generate-backup-codes',
])

/** Records audit events for endpoints of the library. An endpoint that is not named here changes nothing of note. */
export function watchedEvents(parts: WatchParts) {
  return async (path: string, watched: Watched): Promise<void> => {
    const { from, body, code, session } = watched
    switch (path) {
      case '/sign-in/email':
        return recordPasswordAttempt(parts, watched)
      case '/two-factor/verify-totp':
      case '/two-factor/verify-backup-code':
        return recordCodeAttempt(parts, watched)
      case '/sign-up/email':
        return code === undefined ? recordSignUp(parts, watched) : undefined
      case '/request-password-reset': {
        const fields = { action: 'identity.password-reset-asked', outcome: 'success' } as const
        return parts.events.record(from, await eventOfEmail(parts, text(body['email']), fields))
      }
    }
    const action = OWN_ACTIONS[path]
    if (action === undefined || session === undefined) return undefined
    if (PASSWORD_FIRST.has(path) && (code === undefined || code === 'TOTP_ALREADY_ENABLED')) {
      await parts.guard.succeeded(session.user.email, from.address)
    }
    const outcome = code === undefined ? 'success' : 'failure'
    return parts.events.record(
      from,
      ownEvent(session, { action, outcome, ...(code !== undefined && { reason: code }) }),
    )
  }
}

async function recordPasswordAttempt(parts: WatchParts, { from, body, code, signedIn }: Watched): Promise<void> {
  const email = text(body['email'])
  if (code === 'ACCOUNT_LOCKED') return
  if (code === undefined || code === 'EMAIL_NOT_VERIFIED') await parts.guard.succeeded(email, from.address)
  if (signedIn !== undefined) {
    await parts.events.record(from, ownEvent(signedIn, { action: 'identity.sign-in', outcome: 'success' }))
    return
  }
  // The password was right, and the second factor follows.
  if (code === undefined) return
  const reason = code === 'EMAIL_NOT_VERIFIED' ? 'unverified' : 'wrong-password'
  const fields = { action: 'identity.sign-in', outcome: 'failure', reason } as const
  await parts.events.record(from, await eventOfEmail(parts, email, fields))
}

async function recordCodeAttempt({ events }: WatchParts, { from, code, signedIn, session }: Watched): Promise<void> {
  if (code === undefined) {
    if (signedIn === undefined) return
    const action = session === undefined ? 'identity.sign-in' : 'identity.two-factor-enabled'
    await events.record(from, ownEvent(signedIn, { action, outcome: 'success' }))
    return
  }
  const fields = { outcome: 'failure', reason: 'wrong-second-factor' } as const
  const event =
    session === undefined
      ? { ...fields, action: 'identity.sign-in', tenantId: undefined, subject: '*' }
      : ownEvent(session, { ...fields, action: 'identity.two-factor-enabled' })
  await events.record(from, event)
}

async function recordSignUp(parts: WatchParts, { from, body, answered }: Watched): Promise<void> {
  const about = await findPersonIdByEmail(parts.db, text(body['email']))
  const isNew = about !== undefined && about === answered
  const event = await eventOfEmail(parts, text(body['email']), {
    action: 'identity.sign-up',
    outcome: isNew ? 'success' : 'denied',
    ...(!isNew && { reason: about === undefined ? 'uninvited' : 'has-account' }),
  })
  const email = isNew ? personal(`user:${about}`, body['email']) : undefined
  await parts.events.record(from, { ...event, after: { email } })
}

function ownEvent({ user, session }: SessionOf, fields: EventFields): IdentityEvent {
  const tenantId = text(session.activeOrganizationId)
  return { ...fields, userId: user.id, tenantId: tenantId === '' ? undefined : tenantId, subject: user.id }
}
