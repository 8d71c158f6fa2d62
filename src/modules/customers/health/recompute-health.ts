import { z } from 'zod'
import { change } from '#kernel/writes/change'
import type { Ctx } from '#kernel/context'
import { job } from '#kernel/jobs/job'
import { customerEvents } from '../domain-events.ts'
import { customerTags } from '../record/cache-tags.ts'
import { dayOf } from '../record/days.ts'
import type { HealthSettings } from '../record/health-settings.ts'
import { rollUp } from '../events/roll-up.ts'
import { STANDARD_LOOKBACK_DAYS, STANDARD_MODEL, scoringOf } from './scoring.ts'
import { tenantsScoredBefore } from './store/due.ts'
import { forbidNestedLoops } from './store/forbid-nested-loops.ts'
import { Recomputed, lastScoredDay, storeAllScores } from './store/score.ts'
import { refreshUsageWindows } from './store/usage-windows.ts'

/** Scores every customer of the tenant in one statement, after updating the rollups. Returns the counts. */
export function recomputeHealth(settings: HealthSettings) {
  const score = scoreAll(settings)
  return async (ctx: Ctx): Promise<Recomputed> => {
    await rollUp(ctx)
    return score(ctx, { asOf: ctx.clock() })
  }
}

/**
 * Scores every customer as of the same hour of each of the last eight weeks, using only data from before that time, and
 * as of now. Weeks up to the last stored score are skipped, so that it can be repeated or resumed.
 */
export function recomputeHealthHistory(settings: HealthSettings) {
  const score = scoreAll(settings)
  return async (ctx: Ctx): Promise<Recomputed> => {
    await rollUp(ctx)
    const now = ctx.clock()
    const scoredUntil = await lastScoredDay(ctx, STANDARD_MODEL)
    for (let week = HISTORY_WEEKS; week > 0; week--) {
      const asOf = new Date(now.getTime() - week * WEEK_MILLISECONDS)
      if (scoredUntil === null || dayOf(asOf) > scoredUntil) await score(ctx, { asOf })
    }
    return score(ctx, { asOf: now })
  }
}

const HISTORY_WEEKS = 8
const WEEK_MILLISECONDS = 7 * 86_400_000

function scoreAll(settings: HealthSettings) {
  return change({
    action: 'customers.recompute-health',
    scope: 'customers:write',
    effect: 'update',
    input: z.strictObject({ asOf: z.date() }),
    output: Recomputed,
    async work(ctx, { asOf }) {
      await forbidNestedLoops(ctx)
      await refreshUsageWindows(ctx, { day: dayOf(asOf), lookback_days: STANDARD_LOOKBACK_DAYS })
      const standard = { as_of: asOf, lookback_days: STANDARD_LOOKBACK_DAYS, model: STANDARD_MODEL }
      const result = await storeAllScores(ctx, scoringOf(settings, standard))
      return {
        result,
        subject: '*',
        after: { ...result, as_of: asOf.toISOString() },
        events: asOf < ctx.clock() ? [] : [customerEvents.healthRecomputed(result)],
        invalidates: [customerTags.overviews, customerTags.clients],
      }
    },
  })
}

/** The hourly job skips a tenant whose customers were all scored within this time, for example by an import. */
const FRESH_MILLISECONDS = 30 * 60_000

export const recomputeHealthJob = (recompute: ReturnType<typeof recomputeHealth>) =>
  job({
    name: 'customers.recompute-health',
    describe: 'Recompute every customer’s health score, and open and resolve risk indicators.',
    cron: '7 * * * *',
    due: (system, now) => tenantsScoredBefore(system, new Date(now.getTime() - FRESH_MILLISECONDS)),
    payload: z.object({}),
    scopes: ['customers:write'],
    retries: 2,
    timeoutSeconds: 1800,
    run: async (ctx) => void (await recompute(ctx)),
  })
