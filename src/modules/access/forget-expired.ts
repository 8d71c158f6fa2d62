import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { job } from '#kernel/jobs/job'
import type { Job } from '#kernel/jobs/job'
import { forgetOAuth } from './oauth/store.ts'
import { KNOWN_NETWORK_DAYS } from './identity/lockout.ts'
import { forgetExpired } from './identity/store/sessions.ts'
import { forgetAttemptsBefore } from './identity/store/sign-in-attempts.ts'

const DAY_MILLISECONDS = 86_400_000
/** How long a program that registered waits for somebody to let it in. */
const IDLE_CLIENT_DAYS = 30

/** Deletes sessions, links and counts that are over. They belong to no tenant: the job runs once for all of them. */
export function forgetExpiredJob(system: Db): Job {
  return job({
    name: 'access.forget-expired',
    describe: 'Forget sessions, mail links, sign-in attempts and programs let in by nobody that are over.',
    cron: '41 3 * * *',
    due: 'one-tenant',
    payload: z.strictObject({}),
    scopes: [],
    run: async (ctx) => {
      const now = ctx.clock().getTime()
      const expired = new Date(now - DAY_MILLISECONDS)
      await forgetExpired(system, expired)
      await forgetOAuth(system, { expired, idleSince: new Date(now - IDLE_CLIENT_DAYS * DAY_MILLISECONDS) })
      // A count, and the lock it leads to, is over after two days at most.
      const counted = new Date(now - 2 * DAY_MILLISECONDS)
      await forgetAttemptsBefore(system, counted, new Date(now - KNOWN_NETWORK_DAYS * DAY_MILLISECONDS))
    },
  })
}
