import { personal } from '#kernel/audit'
import type { Caller } from './caller.ts'
import type { IdentityEvent } from './events.ts'
import { findPersonIdByEmail } from './store/people.ts'
import { unproved } from './unproved.ts'
import { text } from './untyped.ts'
import type { WatchParts } from './watch-parts.ts'

interface SessionOf {
  readonly user: { readonly id: string; readonly email: string }
  readonly session: { readonly id: string; readonly activeOrganizationId?: unknown }
}

/** How one call of an endpoint ended. */
export interface Watched {
  readonly from: Caller
  readonly body: Readonly<Record<string, unknown>>
  /** Of the refusal; undefined when there was none. */
  readonly code: string | undefined
  /** The session that the call made and left standing. */
  readonly signedIn: SessionOf | undefined
  /** The person in the answer: made up, where a sign-up is not to tell that there is an account. */
  readonly answered: string | undefined
  /** The session that the call came with. */
  readonly session: SessionOf | undefined
}

type Told = Pick<IdentityEvent, 'action' | 'outcome' | 'reason'>

/** What somebody does to their own account with a session of theirs. */
const OWN_ACTIONS: Readonly<Record<string, string>> = {
  '/change-password': 'identity.password-changed',
  '/two-factor/enable': 'identity.two-factor-started',
  '/two-factor/disable': 'identity.two-factor-disabled',
  '/two-factor/generate-backup-codes': 'identity.backup-codes-made',
  '/organization/set-active': 'identity.organisation-switched',
}

/** These look at the password before anything else. */
const PASSWORD_FIRST: ReadonlySet<string> = new Set([
  '/change-password',
  '/two-factor/enable',
  '/two-factor/disable',
  '/two-factor/generate-backup-codes',
])

/** Tells what happened at an endpoint of the library. What is not named here changes nothing worth an event. */
export function watchedEvents(parts: WatchParts) {
  return async (path: string, watched: Watched): Promise<void> => {
    const { from, body, code, session } = watched
    switch (path) {
      case '/sign-in/email':
        return passwordTried(parts, watched)
      case '/two-factor/verify-totp':
      case '/two-factor/verify-backup-code':
        return codeTried(parts, watched)
      case '/sign-up/email':
        return code === undefined ? signedUp(parts, watched) : undefined
      case '/request-password-reset': {
        const told = { action: 'identity.password-reset-asked', outcome: 'success' } as const
        return parts.events.record(from, await unproved(parts, text(body['email']), told))
      }
    }
    const action = OWN_ACTIONS[path]
    if (action === undefined || session === undefined) return undefined
    if (PASSWORD_FIRST.has(path) && (code === undefined || code === 'TOTP_ALREADY_ENABLED')) {
      await parts.guard.succeeded(session.user.email, from.address)
    }
    const outcome = code === undefined ? 'success' : 'failure'
    return parts.events.record(from, own(session, { action, outcome, ...(code !== undefined && { reason: code }) }))
  }
}

async function passwordTried(parts: WatchParts, { from, body, code, signedIn }: Watched): Promise<void> {
  const email = text(body['email'])
  if (code === 'ACCOUNT_LOCKED') return
  if (code === undefined || code === 'EMAIL_NOT_VERIFIED') await parts.guard.succeeded(email, from.address)
  if (signedIn !== undefined) {
    await parts.events.record(from, own(signedIn, { action: 'identity.sign-in', outcome: 'success' }))
    return
  }
  // The right password, and the second factor is still to come.
  if (code === undefined) return
  const reason = code === 'EMAIL_NOT_VERIFIED' ? 'unverified' : 'wrong-password'
  const told = { action: 'identity.sign-in', outcome: 'failure', reason } as const
  await parts.events.record(from, await unproved(parts, email, told))
}

async function codeTried({ events }: WatchParts, { from, code, signedIn, session }: Watched): Promise<void> {
  if (code === undefined) {
    if (signedIn === undefined) return
    const action = session === undefined ? 'identity.sign-in' : 'identity.two-factor-enabled'
    await events.record(from, own(signedIn, { action, outcome: 'success' }))
    return
  }
  const told = { outcome: 'failure', reason: 'wrong-second-factor' } as const
  const event =
    session === undefined
      ? { ...told, action: 'identity.sign-in', tenantId: undefined, subject: '*' }
      : own(session, { ...told, action: 'identity.two-factor-enabled' })
  await events.record(from, event)
}

async function signedUp(parts: WatchParts, { from, body, answered }: Watched): Promise<void> {
  const about = await findPersonIdByEmail(parts.db, text(body['email']))
  const isNew = about !== undefined && about === answered
  const event = await unproved(parts, text(body['email']), {
    action: 'identity.sign-up',
    outcome: isNew ? 'success' : 'denied',
    ...(!isNew && { reason: about === undefined ? 'uninvited' : 'has-account' }),
  })
  const email = isNew ? personal(`user:${about}`, body['email']) : undefined
  await parts.events.record(from, { ...event, after: { email } })
}

function own({ user, session }: SessionOf, told: Told): IdentityEvent {
  const tenantId = text(session.activeOrganizationId)
  return { ...told, userId: user.id, tenantId: tenantId === '' ? undefined : tenantId, subject: user.id }
}
