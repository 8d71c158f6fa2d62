import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { job } from '#kernel/jobs/job'
import type { Job } from '#kernel/jobs/job'
import { privacyEvents } from './domain-events.ts'
import { tenantsWithSuppressions } from './store/suppressions.ts'

export function privacyJobs(run: {
  readonly carryOut: (ctx: Ctx, request: { readonly request_id: string }) => Promise<unknown>
  readonly makeExport: (ctx: Ctx, request: { readonly request_id: string }) => Promise<void>
  readonly expire: (ctx: Ctx) => Promise<unknown>
  readonly reportReturned: (ctx: Ctx) => Promise<unknown>
}): Job[] {
  return [
    job({
      name: 'privacy.carry-out-erasure',
      describe: 'Erase a person whose erasure was confirmed, search again, and sign the report.',
      on: privacyEvents.erasureConfirmed,
      scopes: ['privacy:write'],
      timeoutSeconds: 3600,
      run: async (ctx, payload) => void (await run.carryOut(ctx, payload)),
    }),
    job({
      name: 'privacy.make-export',
      describe: 'Search every table for a person, and store what was found as an archive for a week.',
      on: privacyEvents.exportRequested,
      scopes: ['privacy:read'],
      timeoutSeconds: 3600,
      run: (ctx, payload) => run.makeExport(ctx, payload),
    }),
    job({
      name: 'privacy.expire',
      describe: 'Delete personal data that is older than the retention rules of the organisation allow.',
      // Every tenant is due: what there is to delete depends on its own rules and on the tables of every module.
      cron: '41 2 * * *',
      payload: z.strictObject({}),
      scopes: ['privacy:write'],
      timeoutSeconds: 3600,
      run: async (ctx) => void (await run.expire(ctx)),
    }),
    job({
      name: 'privacy.report-returned',
      describe: 'Find people who were erased and are stored again.',
      cron: '11 4 * * *',
      due: tenantsWithSuppressions,
      payload: z.strictObject({}),
      scopes: ['privacy:write'],
      run: async (ctx) => void (await run.reportReturned(ctx)),
    }),
  ]
}
