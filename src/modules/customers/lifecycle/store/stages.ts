import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { clientNotFound } from '../../record/client-not-found.ts'
import type { Stage } from '../../record/contract.ts'

export interface StageNow {
  readonly client_id: string
  readonly stage: Stage
  /** Null when nothing tells: an imported customer that was not moved since. */
  readonly since: Date | null
  readonly version: number
}

const find = statement<StageNow>(
  'customers.find-stage',
  `select client_id, lifecycle_stage as stage, version, (select max(changed_at) from customers.lifecycle_history
     where tenant_id = $1 and client_id = $2) as since
   from customers.customers where tenant_id = $1 and client_id = $2`,
)

export async function findStage(ctx: Ctx, clientId: string): Promise<StageNow> {
  const [row] = await find(ctx.db, [ctx.tenantId, clientId])
  if (row === undefined) throw clientNotFound(clientId)
  return row
}

export interface StageHistory {
  readonly changed_at: Date
  readonly from_stage: string | null
  readonly to_stage: string
  readonly reason: string | null
  readonly automated: boolean
  readonly actor: string
}

const history = statement<StageHistory>(
  'customers.list-stage-history',
  `select changed_at, from_stage, to_stage, reason, automated, actor_kind || ':' || actor_id as actor
   from customers.lifecycle_history where tenant_id = $1 and client_id = $2 order by changed_at desc, change_id desc limit 100`,
)

/** The last hundred moves, newest first. */
export async function listStageHistory(ctx: Ctx, clientId: string): Promise<StageHistory[]> {
  return history(ctx.db, [ctx.tenantId, clientId])
}

export interface StageShare {
  readonly stage: Stage
  readonly customers: number
  readonly average_health: number | null
  readonly median_days: number | null
  readonly at_risk: number
}

const distribution = statement<StageShare>(
  'customers.stage-distribution',
  `with entered as (
     select client_id, max(changed_at) as at from customers.lifecycle_history where tenant_id = $1 group by client_id)
   select lifecycle_stage as stage, count(*) as customers, avg(health_score) as average_health,
     percentile_cont(0.5) within group (order by greatest(0, extract(epoch from $3::timestamptz - e.at)::float8 / 86400)) filter (where e.at is not null) as median_days,
     count(*) filter (where health_score < $4::float8) as at_risk
   from customers.customers c left join entered e on e.client_id = c.client_id
   where c.tenant_id = $1 and ($2::text is null or lifecycle_stage = $2)
   group by lifecycle_stage order by count(*) desc, lifecycle_stage`,
)

export async function stageDistribution(
  ctx: Ctx,
  stage: Stage | undefined,
  atRiskBelow: number,
): Promise<StageShare[]> {
  return distribution(ctx.db, [ctx.tenantId, stage ?? null, ctx.clock(), atRiskBelow])
}

const moves = statement<{ from: string; to: string; customers: number }>(
  'customers.stage-moves',
  `select from_stage as from, to_stage as to, count(distinct client_id) as customers from customers.lifecycle_history
   where tenant_id = $1 and from_stage is not null and changed_at > $2::timestamptz - interval '90 days' and changed_at <= $2::timestamptz
     and ($3::text is null or client_id = $3)
   group by from_stage, to_stage order by customers desc, from_stage, to_stage`,
)

/** Between which stages customers moved in the last 90 days. */
export async function stageMoves(ctx: Ctx, clientId: string | undefined) {
  return moves(ctx.db, [ctx.tenantId, ctx.clock(), clientId ?? null])
}

export interface MoveCandidate {
  readonly client_id: string
  readonly stage: Stage
  readonly health_score: number | null
  readonly contract_start_date: string
  readonly renewal_date: string | null
}

const candidates = statement<MoveCandidate>(
  'customers.stage-candidates',
  `select client_id, lifecycle_stage as stage, health_score, contract_start_date, renewal_date from customers.customers
   where tenant_id = $1 and ($2::text is null or client_id = $2) and ($3::text is null or lifecycle_stage = $3)
     and status <> 'churned'
     and ((lifecycle_stage not in ('at_risk', 'prospect', 'trial') and health_score < $4::float8)
       or (lifecycle_stage = 'at_risk' and health_score >= $5::float8)
       or (lifecycle_stage = 'onboarding' and contract_start_date <= $6::date - $7::int and health_score >= $4::float8)
       or (lifecycle_stage in ('active', 'engaged') and renewal_date between $6::date and $6::date + 90 and health_score >= $4::float8))
   order by health_score nulls last, client_id`,
)

export interface CandidateRules {
  readonly atRiskBelow: number
  readonly healthyFrom: number
  readonly onboardingDays: number
  readonly today: string
}

/** Customers whose stage no longer fits their figures, the least healthy first. */
export async function stageCandidates(
  ctx: Ctx,
  { clientId, stage }: { readonly clientId: string | undefined; readonly stage: Stage | undefined },
  rules: CandidateRules,
): Promise<MoveCandidate[]> {
  return candidates(ctx.db, [
    ctx.tenantId,
    clientId ?? null,
    stage ?? null,
    rules.atRiskBelow,
    rules.healthyFrom,
    rules.today,
    rules.onboardingDays,
  ])
}
