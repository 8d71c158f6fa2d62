import { z } from 'zod'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { newId } from '#kernel/ids'
import type { WriteCtx } from '#kernel/writes/change'
import { Stage } from '../contract.ts'
import { dayOf } from '../days.ts'

const OfClient = { client_id: z.string(), now: z.date() }

const insert = writing(
  'customers.insert-lifecycle-change',
  sql`insert into customers.lifecycle_history (tenant_id, client_id, changed_at, change_id, from_stage, to_stage, reason,
      automated, actor_kind, actor_id)
    values (:tenant_id, :client_id, :now, :change_id, :from, :to, :reason, :automated, :actor_kind, :actor_id)`,
  {
    params: {
      ...OfClient,
      change_id: z.string(),
      from: Stage.nullable(),
      to: Stage,
      reason: z.string().nullable(),
      automated: z.boolean(),
      actor_kind: z.string(),
      actor_id: z.string(),
    },
  },
)

const move = writing(
  'customers.move-stage',
  sql`update customers.customers set lifecycle_stage = :to,
      status = case when :to = 'churned' then 'churned' when status = 'churned' then 'active' else status end,
      churned_on = case when :to = 'churned' then :day::date end,
      health_score = case when :to = 'churned' then null else health_score end,
      health_trend = case when :to = 'churned' then null else health_trend end,
      churn_probability = case when :to = 'churned' then null else churn_probability end,
      updated_at = :now, version = version + 1
    where tenant_id = :tenant_id and client_id = :client_id`,
  { params: { ...OfClient, to: Stage, day: z.iso.date() } },
)

const resolveRisks = writing(
  'customers.resolve-risks-of-churned',
  sql`update customers.risk_indicators set resolved_at = :now, updated_at = :now
    where tenant_id = :tenant_id and client_id = :client_id and resolved_at is null`,
  { params: OfClient },
)

export interface StageChange {
  readonly from: Stage | null
  readonly to: Stage
  readonly reason: string | null
  readonly automated: boolean
}

export async function recordStage(ctx: WriteCtx, clientId: string, change: StageChange): Promise<void> {
  const now = ctx.clock()
  const { kind: actor_kind, id: actor_id } = ctx.actor
  await insert(ctx, { ...change, client_id: clientId, now, change_id: newId('stg', now), actor_kind, actor_id })
}

/**
 * Moves a locked customer to another stage and records the move. A churned customer is no longer scored and its risks
 * are closed; a customer that returns is active again.
 */
export async function moveStage(ctx: WriteCtx, clientId: string, change: StageChange): Promise<void> {
  const now = ctx.clock()
  const ofClient = { client_id: clientId, now }
  await move(ctx, { ...ofClient, to: change.to, day: dayOf(now) })
  if (change.to === 'churned') await resolveRisks(ctx, ofClient)
  await recordStage(ctx, clientId, change)
}
