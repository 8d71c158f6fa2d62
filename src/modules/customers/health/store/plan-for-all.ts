import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const joinByHash = statement<never>(
  'customers.score-by-hash',
  "select set_config('enable_nestloop', 'off', true), set_config('work_mem', '64MB', true)",
)

/**
 * For the rest of the transaction every join is by hash or by merge. What concerns all customers needs this: on a
 * database without statistics (a first import) the planner expects a row where there are thousands, and a nested loop
 * over them never ends.
 */
export async function planForAll(ctx: Ctx): Promise<void> {
  await joinByHash(ctx.db, [])
}
