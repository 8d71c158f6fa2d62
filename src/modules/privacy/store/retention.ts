import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const list = statement<{ category: string; days: number | null }>(
  'privacy.list-retention-rules',
  'select category, days from privacy.retention_rules where tenant_id = $1',
)
const save = statement(
  'privacy.save-retention-rule',
  `insert into privacy.retention_rules (tenant_id, category, days, updated_at) values ($1, $2, $3, $4)
   on conflict (tenant_id, category) do update set days = excluded.days, updated_at = excluded.updated_at`,
)

/** What the tenant has set: days by category, null for ever. */
export async function listRules(ctx: Ctx): Promise<ReadonlyMap<string, number | null>> {
  return new Map((await list(ctx.db, [ctx.tenantId])).map(({ category, days }) => [category, days]))
}

export async function saveRule(ctx: Ctx, category: string, days: number | null): Promise<void> {
  await save(ctx.db, [ctx.tenantId, category, days, ctx.clock()])
}
