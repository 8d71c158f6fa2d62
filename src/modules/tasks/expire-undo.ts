import { z } from 'zod'
import { job } from '#kernel/jobs/job'
import { expireUndo, tenantsWithUndo } from './store/undo.ts'
import { UNDO_HOURS } from './undo-last-change.ts'

/** The job that deletes undo entries once they can no longer be used, because they contain people's text. */
export const expireUndoJob = job({
  name: 'tasks.forget-undo',
  describe: `Delete the undo entries of changes older than ${UNDO_HOURS} hours.`,
  cron: '20 * * * *',
  due: (system, now) => tenantsWithUndo(system, undoLimit(now)),
  payload: z.unknown(),
  scopes: ['tasks:write'],
  run: async (ctx) => {
    const tasks = await expireUndo(ctx, undoLimit(ctx.clock()))
    ctx.log.info({ tasks }, 'undo entries were deleted')
  },
})

/** The instant up to which changes can no longer be undone. */
const undoLimit = (now: Date) => new Date(now.getTime() - UNDO_HOURS * 3_600_000)
