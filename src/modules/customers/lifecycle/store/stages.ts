import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { filteredStatement } from '#kernel/database/filtered-statement'
import { statement } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { clientNotFound } from '../../record/client-not-found.ts'
import { Day, Score, Stage } from '../../record/contract.ts'

const ByClient = { client_id: z.string() }

const StageNow = z.strictObject({
  client_id: z.string(),
  stage: Stage,
  /** When the stage began; null if unknown (an imported customer that has not moved since). */
  since: z.date().nullable(),
  version: z.int(),
})
export type StageNow = z.output<typeof StageNow>

const find = statement(
  'customers.find-stage',
  sql`select client_id, lifecycle_stage as stage, version, (select max(changed_at) from customers.lifecycle_history
      where tenant_id = :tenant_id and client_id = :client_id) as since
    from customers.customers where tenant_id = :tenant_id and client_id = :client_id`,
  { params: ByClient, row: StageNow },
)

export async function findStage(ctx: Ctx, clientId: string): Promise<StageNow> {
  const [row] = await find(ctx, { client_id: clientId })
  if (row === undefined) throw clientNotFound(clientId)
  return row
}

const StageHistory = z.strictObject({
  changed_at: z.date(),
  from_stage: z.string().nullable(),
  to_stage: z.string(),
  reason: z.string().nullable(),
  automated: z.boolean(),
  actor: z.string(),
})

const history = statement(
  'customers.list-stage-history',
  sql`select changed_at, from_stage, to_stage, reason, automated, actor_kind || ':' || actor_id as actor
    from customers.lifecycle_history where tenant_id = :tenant_id and client_id = :client_id
    order by changed_at desc, change_id desc limit 100`,
  { params: ByClient, row: StageHistory },
)

/** The last hundred moves, newest first. */
export async function listStageHistory(ctx: Ctx, clientId: string): Promise<z.output<typeof StageHistory>[]> {
  return history(ctx, { client_id: clientId })
}

const OF_STAGE = { where: sql`lifecycle_stage = :stage`, is: Stage }
const OF_CLIENT = { where: sql`client_id = :client_id`, is: z.string() }

const StageShare = z.strictObject({
  stage: Stage,
  customers: z.int(),
  average_health: z.number().nullable(),
  median_days: z.number().nullable(),
  at_risk: z.int(),
})

const distribution = filteredStatement(
  'customers.stage-distribution',
  { filters: { stage: OF_STAGE }, params: { now: z.date(), at_risk_below: z.number() }, row: StageShare },
  (conditions) => sql`with entered as (
      select client_id, max(changed_at) as at from customers.lifecycle_history where tenant_id = :tenant_id group by client_id)
    select lifecycle_stage as stage, count(*) as customers, avg(health_score) as average_health,
      percentile_cont(0.5) within group (order by greatest(0, extract(epoch from :now::timestamptz - e.at)::float8 / 86400)) filter (where e.at is not null) as median_days,
      count(*) filter (where health_score < :at_risk_below::float8) as at_risk
    from customers.customers c left join entered e on e.client_id = c.client_id
    where c.tenant_id = :tenant_id and ${conditions}
    group by lifecycle_stage order by count(*) desc, lifecycle_stage`,
)

export async function stageDistribution(
  ctx: Ctx,
  stage: Stage | undefined,
  atRiskBelow: number,
): Promise<z.output<typeof StageShare>[]> {
  return distribution(ctx, { stage, now: ctx.clock(), at_risk_below: atRiskBelow })
}

const moves = filteredStatement(
  'customers.stage-moves',
  {
    filters: { client_id: OF_CLIENT },
    params: { now: z.date() },
    row: z.strictObject({ from: z.string(), to: z.string(), customers: z.int() }),
  },
  (conditions) => sql`select from_stage as from, to_stage as to, count(distinct client_id) as customers
    from customers.lifecycle_history
    where tenant_id = :tenant_id and from_stage is not null and changed_at > :now::timestamptz - interval '90 days'
      and changed_at <= :now::timestamptz and ${conditions}
    group by from_stage, to_stage order by customers desc, from_stage, to_stage`,
)

/** The number of moves between each pair of stages in the last 90 days. */
export async function stageMoves(ctx: Ctx, clientId: string | undefined) {
  return moves(ctx, { client_id: clientId, now: ctx.clock() })
}

const MoveCandidate = z.strictObject({
  client_id: z.string(),
  stage: Stage,
  health_score: Score.nullable(),
  contract_start_date: Day,
  renewal_date: Day.nullable(),
})
export type MoveCandidate = z.output<typeof MoveCandidate>

const candidates = filteredStatement(
  'customers.stage-candidates',
  {
    filters: { client_id: OF_CLIENT, stage: OF_STAGE },
    params: { at_risk_below: z.number(), healthy_from: z.number(), onboarding_days: z.int(), today: Day },
    row: MoveCandidate,
  },
  (conditions) => sql`select client_id, lifecycle_stage as stage, health_score, contract_start_date, renewal_date
    from customers.customers
    where tenant_id = :tenant_id and ${conditions} and status <> 'churned'
      and ((lifecycle_stage not in ('at_risk', 'prospect', 'trial') and health_score < :at_risk_below::float8)
        or (lifecycle_stage = 'at_risk' and health_score >= :healthy_from::float8)
        or (lifecycle_stage = 'onboarding' and contract_start_date <= :today::date - :onboarding_days::int
          and health_score >= :at_risk_below::float8)
        or (lifecycle_stage in ('active', 'engaged') and renewal_date between :today::date and :today::date + 90
          and health_score >= :at_risk_below::float8))
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
  { atRiskBelow, healthyFrom, onboardingDays, today }: CandidateRules,
): Promise<MoveCandidate[]> {
  return candidates(ctx, {
    client_id: clientId,
    stage,
    today,
    at_risk_below: atRiskBelow,
    healthy_from: healthyFrom,
    onboarding_days: onboardingDays,
  })
}
