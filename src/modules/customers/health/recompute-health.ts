import { z } from 'zod'
import { change } from '#kernel/change'
import type { Ctx } from '#kernel/context'
import { job } from '#kernel/jobs'
import { CLIENTS_TAG, HEALTH_TAG } from '../accounts/client-record.ts'
import { dayOf } from '../days.ts'
import { rollUp } from '../events/roll-up.ts'
import { STANDARD_LOOKBACK_DAYS, STANDARD_MODEL, scoringOf } from './scoring.ts'
import type { HealthSettings } from './scoring.ts'
import { storeAllScores } from './store/score.ts'
import type { Recomputed } from './store/score.ts'
import { refreshUsageWindows } from './store/usage-windows.ts'

/** Scores every customer of the tenant, in one statement over up-to-date rollups. Says how many were scored. */
export function recomputeHealth(settings: HealthSettings) {
  const score = scoreAll(settings)
  return async (ctx: Ctx): Promise<Recomputed> => {
    await rollUp(ctx)
    return score(ctx, {})
  }
}

function scoreAll(settings: HealthSettings) {
  return change<Record<string, never>, Recomputed>('customers.recompute-health', 'customers:write', async (ctx) => {
    await refreshUsageWindows(ctx, { day: dayOf(ctx.clock()), lookbackDays: STANDARD_LOOKBACK_DAYS })
    const result = await storeAllScores(
      ctx,
      scoringOf(settings, {
        tenantId: ctx.tenantId,
        asOf: ctx.clock(),
        lookbackDays: STANDARD_LOOKBACK_DAYS,
        model: STANDARD_MODEL,
      }),
    )
    return {
      result,
      subject: '*',
      after: result,
      events: [{ name: 'customers.health-recomputed', payload: { ...result } }],
      invalidates: [HEALTH_TAG, CLIENTS_TAG],
    }
  })
}

export const recomputeHealthJob = (recompute: ReturnType<typeof recomputeHealth>) =>
  job({
    name: 'customers.recompute-health',
    describe: 'Scores every customer anew and opens and resolves risk indicators.',
    cron: '7 * * * *',
    payload: z.object({}),
    retries: 2,
    timeoutSeconds: 1800,
    run: async (ctx) => void (await recompute(ctx)),
  })
