import { z } from 'zod'
import { job } from '#kernel/jobs/job'
import { forgetUndo, tenantsWithUndo } from './store/undo.ts'
import { UNDO_HOURS } from './undo-last-change.ts'

/** The job that deletes undo entries once they can no longer be used, because they contain people's text. */
export const forgetUndoJob = job({
  name: 'tasks.forget-undo',
  describe: `Forget what tasks were before changes older than ${UNDO_HOURS} hours.`,
  cron: '20 * * * *',
  due: (system, now) => tenantsWithUndo(system, lastForgotten(now)),
  payload: z.unknown(),
  scopes: ['tasks:write'],
  run: async (ctx) => {
    const forgotten = await forgetUndo(ctx, lastForgotten(ctx.clock()))
    ctx.log.info({ forgotten }, 'undo was forgotten')
  },
})

/** The instant up to which changes can no longer be undone. */
const lastForgotten = (now: Date) => new Date(now.getTime() - UNDO_HOURS * 3_600_000)
