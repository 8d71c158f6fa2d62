import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { job } from '#kernel/jobs/job'
import type { Job } from '#kernel/jobs/job'
import { deleteExpiredOAuth } from './oauth/store.ts'
import { KNOWN_NETWORK_DAYS } from './identity/lockout.ts'
import { forgetExpired } from './identity/store/sessions.ts'
import { forgetAttemptsBefore } from './identity/store/sign-in-attempts.ts'

const DAY_MILLISECONDS = 86_400_000
/** How long a registered OAuth client is kept without any user's consent. */
const IDLE_CLIENT_DAYS = 30

/** A daily job that deletes expired sessions, mail links and attempt counts, once for all tenants. */
export function forgetExpiredJob(system: Db): Job {
  return job({
    name: 'access.forget-expired',
    describe: 'Delete expired sessions, mail links and sign-in attempts, and OAuth clients that no user has approved.',
    cron: '41 3 * * *',
    due: 'one-tenant',
    payload: z.strictObject({}),
    scopes: [],
    run: async (ctx) => {
      const now = ctx.clock().getTime()
      const expired = new Date(now - DAY_MILLISECONDS)
      await forgetExpired(system, expired)
      await deleteExpiredOAuth(system, { expired, idleSince: new Date(now - IDLE_CLIENT_DAYS * DAY_MILLISECONDS) })
      // A count and the lock it causes expire after two days at most.
      const counted = new Date(now - 2 * DAY_MILLISECONDS)
      await forgetAttemptsBefore(system, counted, new Date(now - KNOWN_NETWORK_DAYS * DAY_MILLISECONDS))
    },
  })
}
