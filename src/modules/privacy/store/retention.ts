import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const Rule = z.strictObject({ category: z.string(), days: z.int().nullable() })

const list = statement(
  'privacy.list-retention-rules',
  sql`select category, days from privacy.retention_rules where tenant_id = :tenant_id`,
  { row: Rule },
)
const save = writing(
  'privacy.save-retention-rule',
  sql`insert into privacy.retention_rules (tenant_id, category, days, updated_at)
   values (:tenant_id, :category, :days, :now)
   on conflict (tenant_id, category) do update set days = excluded.days, updated_at = excluded.updated_at`,
  { params: { ...Rule.shape, now: z.date() } },
)

/** The tenant's own rules: days by category, null for forever. */
export async function listRules(ctx: Ctx): Promise<ReadonlyMap<string, number | null>> {
  return new Map((await list(ctx)).map(({ category, days }) => [category, days]))
}

export async function saveRule(ctx: WriteCtx, category: string, days: number | null): Promise<void> {
  await save(ctx, { category, days, now: ctx.clock() })
}
