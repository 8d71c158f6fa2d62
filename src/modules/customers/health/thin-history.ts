import { z } from 'zod'
import { job } from '#kernel/jobs/job'
import { change } from '#kernel/writes/change'
import { addDays, dayOf } from '../record/days.ts'
import { Thinned, thinBefore } from './store/thin.ts'

/** Thirteen months: a year, and a month to compare it with. */
const DAILY_DAYS = 396
const ROWS_MAX = 5000

const thin = change({
  action: 'customers.thin-history',
  scope: 'customers:write',
  effect: 'destroy',
  input: z.strictObject({ before: z.iso.date() }),
  output: Thinned,
  async work(ctx, { before }) {
    const deleted = await thinBefore(ctx, before, ROWS_MAX)
    return { result: deleted, subject: '*', after: { before, ...deleted } }
  },
})

/**
 * Thins what grows by a row per customer and day: scores and churn predictions are kept daily for thirteen months, and
 * weekly after that. Risk indicators are deleted thirteen months after they were resolved.
 */
export const thinHistoryJob = job({
  name: 'customers.thin-history',
  describe:
    'Keep one health score and churn prediction a week of what is older than 13 months; delete indicators resolved before.',
  cron: '51 3 * * 0',
  payload: z.object({}),
  scopes: ['customers:write'],
  timeoutSeconds: 3600,
  async run(ctx) {
    const before = addDays(dayOf(ctx.clock()), -DAILY_DAYS)
    for (let deleted = ROWS_MAX; deleted >= ROWS_MAX; ) {
      ctx.signal.throwIfAborted()
      deleted = Math.max(...Object.values(await thin(ctx, { before })))
    }
  },
})
