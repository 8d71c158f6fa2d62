import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { newId } from '#kernel/ids'
import type { Stage } from '../contract.ts'

const insert = statement(
  'customers.insert-lifecycle-change',
  `insert into customers.lifecycle_history (tenant_id, client_id, changed_at, change_id, from_stage, to_stage, reason,
     automated, actor_kind, actor_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
)

const move = statement(
  'customers.move-stage',
  `update customers.customers set lifecycle_stage = $3,
     status = case when $3 = 'churned' then 'churned' when status = 'churned' then 'active' else status end,
     churned_on = case when $3 = 'churned' then $4::date end,
     health_score = case when $3 = 'churned' then null else health_score end,
     health_trend = case when $3 = 'churned' then null else health_trend end,
     churn_probability = case when $3 = 'churned' then null else churn_probability end,
     updated_at = $5, version = version + 1
   where tenant_id = $1 and client_id = $2`,
)

const settle = statement(
  'customers.resolve-risks-of-churned',
  `update customers.risk_indicators set resolved_at = $3, updated_at = $3
   where tenant_id = $1 and client_id = $2 and resolved_at is null`,
)

export interface StageChange {
  readonly from: Stage | null
  readonly to: Stage
  readonly reason: string | null
  readonly automated: boolean
}

export async function recordStage(ctx: Ctx, clientId: string, change: StageChange): Promise<void> {
  const now = ctx.clock()
  const { from, to, reason, automated } = change
  const { kind, id } = ctx.actor
  await insert(ctx.db, [ctx.tenantId, clientId, now, newId('stg', now), from, to, reason, automated, kind, id])
}

/**
 * Moves a locked customer and keeps the history. Whoever has churned is no longer scored and has no open risks; whoever
 * comes back is active again.
 */
export async function moveStage(ctx: Ctx, clientId: string, change: StageChange): Promise<void> {
  const now = ctx.clock()
  await move(ctx.db, [ctx.tenantId, clientId, change.to, now.toISOString().slice(0, 10), now])
  if (change.to === 'churned') await settle(ctx.db, [ctx.tenantId, clientId, now])
  await recordStage(ctx, clientId, change)
}
