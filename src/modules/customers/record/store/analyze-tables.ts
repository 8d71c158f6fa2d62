import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { sql } from '#kernel/database/sql'
import { statement } from '#kernel/database/statement'
import { autocommit } from '#kernel/database/transact'

const analyze = statement(
  'customers.analyze-tables',
  sql`select customers.analyze_tables(:tables::text[]::regclass[])::text as done`,
  { params: { tables: z.array(z.string()) }, row: z.strictObject({ done: z.string() }) },
)

/**
 * Refreshes the planner's statistics of tables of the schema `customers`, in a transaction of its own. Call it after a
 * bulk load: autovacuum comes a minute or more later, and until then statements are planned as if the tables were as
 * small as before. `tables` are qualified names, such as `customers.usage_daily`.
 */
export async function analyzeTables(ctx: Ctx, tables: readonly string[]): Promise<void> {
  await analyze(autocommit(ctx), { tables: [...tables] })
}
