import { personal } from '#kernel/audit'
import type { Caller } from './caller.ts'
import type { IdentityEvent } from './events.ts'
import { findDefaultTenant, findPersonIdByEmail } from './store/people.ts'
import type { WatchParts } from './watch-plugin.ts'

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

/** Tells what happened at an endpoint of the library. What is not named here changes nothing worth an event. */
export function watchedEvents(parts: Pick<WatchParts, 'db' | 'events' | 'guard' | 'hash'>) {
  const { db, events, guard } = parts
  const own = (of: SessionOf, event: Pick<IdentityEvent, 'action' | 'outcome' | 'reason'>) => ({
    ...event,
    userId: of.user.id,
    tenantId: text(of.session.activeOrganizationId),
    subject: of.user.id,
  })

  /** About whoever has this e-mail, which nobody proved to have. The same work is done when nobody has it. */
  const unproved = async (email: string, event: Pick<IdentityEvent, 'action' | 'outcome' | 'reason'>) => {
    const about = await findPersonIdByEmail(db, email)
    const tenantId = await findDefaultTenant(db, about ?? '')
    const hidden = (await parts.hash())('email', email.toLowerCase()).toString('hex')
    return { ...event, tenantId, ...(about === undefined ? { subject: `email:${hidden}` } : { about, subject: about }) }
  }

  const signIn = async ({ from, body, code, signedIn }: Watched) => {
    const email = text(body['email']) ?? ''
    if (code === 'ACCOUNT_LOCKED') return
    if (code === undefined || code === 'EMAIL_NOT_VERIFIED') await guard.succeeded(email, from.address)
    if (signedIn !== undefined) {
      await events.record(from, own(signedIn, { action: 'identity.sign-in', outcome: 'success' }))
      return
    }
    // The right password, and the second factor is still to come.
    if (code === undefined) return
    const reason = code === 'EMAIL_NOT_VERIFIED' ? 'unverified' : 'wrong-password'
    await events.record(from, await unproved(email, { action: 'identity.sign-in', outcome: 'failure', reason }))
  }

  const signUp = async ({ from, body, answered }: Watched) => {
    const about = await findPersonIdByEmail(db, text(body['email']) ?? '')
    const isNew = about !== undefined && about === answered
    const event = await unproved(text(body['email']) ?? '', {
      action: 'identity.sign-up',
      outcome: isNew ? 'success' : 'denied',
      ...(!isNew && { reason: about === undefined ? 'uninvited' : 'has-account' }),
    })
    await events.record(from, {
      ...event,
      after: { email: isNew ? personal(`user:${about}`, body['email']) : undefined },
    })
  }

  const secondFactor = async ({ from, code, signedIn, session }: Watched) => {
    if (signedIn === undefined) {
      if (code === undefined) return
      const event = { action: 'identity.sign-in', outcome: 'failure', reason: 'wrong-second-factor' } as const
      await events.record(
        from,
        session === undefined ? { ...event, tenantId: undefined, subject: '*' } : own(session, event),
      )
      return
    }
    const action = session === undefined ? 'identity.sign-in' : 'identity.two-factor-enabled'
    await events.record(from, own(signedIn, { action, outcome: 'success' }))
  }

  const simple: Readonly<Record<string, string>> = {
    '/change-password': 'identity.password-changed',
    '/two-factor/enable': 'identity.two-factor-started',
    '/two-factor/disable': 'identity.two-factor-disabled',
    '/two-factor/generate-backup-codes': 'identity.backup-codes-made',
    '/organization/set-active': 'identity.organisation-switched',
  }

  return async (path: string, watched: Watched): Promise<void> => {
    const { from, body, code, session } = watched
    if (path === '/sign-in/email') return signIn(watched)
    if (path === '/two-factor/verify-totp' || path === '/two-factor/verify-backup-code') return secondFactor(watched)
    if (path === '/sign-up/email' && code === undefined) return signUp(watched)
    if (path === '/request-password-reset' && code === undefined) {
      const event = { action: 'identity.password-reset-asked', outcome: 'success' } as const
      return events.record(from, await unproved(text(body['email']) ?? '', event))
    }
    const action = simple[path]
    if (action === undefined || session === undefined) return undefined
    const outcome = code === undefined ? 'success' : 'failure'
    return events.record(from, own(session, { action, outcome, ...(code !== undefined && { reason: code }) }))
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
