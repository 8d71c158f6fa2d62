import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const select = statement<{ sealed: string }>(
  'privacy.find-key',
  'select sealed from privacy.keys where tenant_id = $1 and purpose = $2',
)

const insert = statement(
  'privacy.save-key',
  `insert into privacy.keys (tenant_id, purpose, sealed, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
)

export async function findKey(ctx: Ctx, purpose: string): Promise<string | undefined> {
  const [row] = await select(ctx.db, [ctx.tenantId, purpose])
  return row?.sealed
}

/** Answers the key that is kept: of two that were made at once, the first. */
export async function saveKey(ctx: Ctx, purpose: string, sealed: string): Promise<string> {
  await insert(ctx.db, [ctx.tenantId, purpose, sealed, ctx.clock()])
  return (await findKey(ctx, purpose)) ?? sealed
}
