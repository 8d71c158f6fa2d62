import { z } from 'zod'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const disableNestedLoops = writing(
  'customers.forbid-nested-loops',
  sql`select set_config('enable_nestloop', 'off', true) as nested_loop, set_config('work_mem', '64MB', true) as memory`,
  { row: z.strictObject({ nested_loop: z.string(), memory: z.string() }) },
)

/**
 * Forbids nested-loop joins for the rest of the transaction. Statements over all customers need this: on a database
 * without statistics (a first import) the planner expects one row instead of thousands, and a nested loop over them
 * practically never ends.
 */
export async function forbidNestedLoops(ctx: WriteCtx): Promise<void> {
  await disableNestedLoops(ctx)
}
