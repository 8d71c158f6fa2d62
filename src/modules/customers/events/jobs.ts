import { z } from 'zod'
import { job } from '#kernel/jobs/job'
import type { Job } from '#kernel/jobs/job'
import { customerEvents } from '../domain-events.ts'
import { attributeHeldEvents, rollUp } from './roll-up.ts'
import { tenantsHoldingEvents, tenantsToRollUp } from './store/due.ts'
import { ensurePartitions } from './store/events.ts'

const MONTHS_AHEAD = 3

/**
 * The jobs of usage events: roll-up every minute; attribution of held events when a customer is registered and every
 * hour; creation of coming months' partitions every night.
 */
export function eventJobs(): Job[] {
  return [
    job({
      name: 'customers.roll-up-usage',
      describe:
        'Recompute the daily rollups of days with new usage events, and attribute held events to customers that are now known.',
      cron: '* * * * *',
      due: tenantsToRollUp,
      payload: z.object({}),
      scopes: ['customers:write'],
      timeoutSeconds: 600,
      run: async (ctx) => void (await rollUp(ctx)),
    }),
    job({
      name: 'customers.attribute-events',
      describe: 'Attribute held events to a customer that was just registered, or to any that is now known.',
      cron: '23 * * * *',
      due: tenantsHoldingEvents,
      on: customerEvents.registered,
      scopes: ['customers:write'],
      timeoutSeconds: 600,
      run: (ctx, { client_id: registered }) => attributeHeldEvents(ctx, registered === undefined ? {} : { registered }),
    }),
    job({
      name: 'customers.prepare-usage-partitions',
      describe: 'Create the monthly partitions of usage events for this month and the next three.',
      cron: '17 1 * * *',
      due: 'one-tenant',
      payload: z.object({}),
      scopes: ['customers:write'],
      run: async (ctx) => {
        const now = ctx.clock()
        const months = Array.from({ length: MONTHS_AHEAD + 1 }, (_, ahead) =>
          new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString(),
        )
        await ensurePartitions(ctx, months)
      },
    }),
  ]
}
