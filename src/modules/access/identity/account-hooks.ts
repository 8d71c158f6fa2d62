import type { Clock } from '#kernel/clock'
import type { AuthSettings } from '../auth-settings.ts'
import type { Db } from '#kernel/database/db'
import { apiErrors } from './api-errors.ts'
import { callerOf } from './caller.ts'
import type { IdentityEvents } from './events.ts'
import type { LockoutGuard } from './lockout.ts'
import { closeReset, findDefaultTenant, isInvited } from './store/people.ts'

interface EndpointContext {
  readonly path?: string | undefined
  readonly headers?: Headers | undefined
}

/** The hooks that the auth library calls when it writes users, sessions, verifications and passwords. */
export function accountHooks(parts: {
  readonly db: Db
  readonly clock: Clock
  readonly settings: AuthSettings
  readonly events: IdentityEvents
  readonly guard: LockoutGuard
}) {
  const { db, clock, settings, events, guard } = parts
  const ofUser = async (userId: string) => ({ userId, tenantId: await findDefaultTenant(db, userId), subject: userId })
  return {
    database: {
      user: {
        create: {
          before: async (user: { email: string }) => {
            if (settings.signUp === 'invited' && !(await isInvited(db, user.email, clock())))
              throw apiErrors.notInvited()
          },
        },
      },
      session: {
        create: {
          before: async (session: { userId: string; activeOrganizationId?: unknown }) => {
            if (typeof session.activeOrganizationId === 'string') return undefined
            const activeOrganizationId = await findDefaultTenant(db, session.userId)
            if (activeOrganizationId === undefined) throw apiErrors.noOrganisation()
            return { data: { activeOrganizationId } }
          },
        },
        delete: {
          after: async (
            session: { id: string; userId: string; activeOrganizationId?: unknown },
            context: EndpointContext | null,
          ) => {
            if (context?.path !== '/sign-out') return
            const tenantId = typeof session.activeOrganizationId === 'string' ? session.activeOrganizationId : undefined
            const event = { action: 'identity.sign-out', outcome: 'success', userId: session.userId } as const
            await events.record(callerOf(context.headers), { ...event, tenantId, subject: session.id })
          },
        },
      },
    },
    verification: {
      afterEmailVerification: async (user: { id: string }, request: Request | undefined) => {
        const event = { action: 'identity.email-verified', outcome: 'success' } as const
        await events.record(callerOf(request?.headers), { ...event, ...(await ofUser(user.id)) })
      },
    },
    password: {
      onPasswordReset: async ({ user }: { user: { id: string; email: string } }, request: Request | undefined) => {
        const from = callerOf(request?.headers)
        await guard.reset(user.email, from.address)
        const subject = await ofUser(user.id)
        await events.record(from, { action: 'identity.password-reset', outcome: 'success', ...subject })
        // Whoever used the link reads the mailbox.
        if (await closeReset(db, user.id, clock()))
          await events.record(from, { action: 'identity.email-verified', outcome: 'success', ...subject })
      },
    },
  }
}
