import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { clientNotFound } from '../../record/client-not-found.ts'
import { Day, RiskLevel, Score, Trend } from '../../record/contract.ts'
import { ChurnPoints } from '../../risk/churn-model.ts'
import type { DatedScore } from '../predict-scores.ts'
import { recomputation } from './recompute-sql.ts'
import { AT_RISK_BELOW, ScoreParameters } from './score-sql.ts'

const RaisedRow = z.strictObject({
  indicator_name: z.string(),
  category: z.string(),
  severity: RiskLevel,
  current_value: z.number(),
  threshold_value: z.number(),
})

/** A customer's facts, components, score and trend, as selected from `ranked`. */
const RankedRow = z.strictObject({
  client_id: z.string(),
  client_name: z.string(),
  seats: z.int().nullable(),
  renewal_date: Day.nullable(),
  days_until_renewal: z.int().nullable(),
  last_used_on: Day.nullable(),
  events: z.int(),
  events_before: z.int(),
  active_days: z.int(),
  active_users_peak: z.int(),
  last_contact_at: z.date().nullable(),
  silent_days: z.number().nullable(),
  open_tickets: z.int(),
  urgent_tickets: z.int(),
  escalated_tickets: z.int(),
  tickets: z.int(),
  tickets_before: z.int(),
  answers: z.int(),
  last_answer_at: z.date().nullable(),
  last_due_on: Day.nullable(),
  overdue_days: z.int(),
  paid_late: z.boolean(),
  usage_score: Score.nullable(),
  engagement_score: Score.nullable(),
  support_score: Score.nullable(),
  satisfaction_score: Score.nullable(),
  payment_score: Score.nullable(),
  overall_score: Score.nullable(),
  score_before: Score.nullable(),
  score_before_on: Day.nullable(),
  trend: Trend,
  churn_probability: z.number().nullable(),
  churn_level: z.enum(['negligible', 'low', 'medium', 'high']).nullable(),
  ...ChurnPoints.shape,
})

const StoredRow = RankedRow.extend({ raised: z.array(RaisedRow) })

/** The stored result of scoring one customer. */
export interface ScoredRow extends z.output<typeof StoredRow> {
  /** The instant the score was computed for. */
  readonly as_of: string
}

const ONE = sql`select ${columnsOf(RankedRow)}, coalesce((select jsonb_agg(jsonb_build_object('indicator_name', indicator_name, 'category', category,
    'severity', severity, 'current_value', current_value, 'threshold_value', threshold_value)
    order by array_position(array['critical', 'high', 'medium', 'low'], severity), indicator_name)
  from raised), '[]') as raised from ranked`

const shape = { params: { ...ScoreParameters.shape, client_id: z.string() }, row: StoredRow }
const scoreOne = writing('customers.score', recomputation('one', true, ONE), shape)
const scoreWhatIf = writing('customers.score-what-if', recomputation('one', false, ONE), shape)

export const Recomputed = z.strictObject({ customers: z.int(), scored: z.int(), at_risk: z.int() })
export type Recomputed = z.output<typeof Recomputed>

const scoreAll = writing(
  'customers.recompute-health',
  recomputation(
    'all',
    true,
    sql`select count(*) as customers, count(overall_score) as scored,
      count(*) filter (where overall_score < ${AT_RISK_BELOW}) as at_risk from ranked`,
  ),
  { params: ScoreParameters.shape, row: Recomputed },
)

/**
 * Scores one customer and stores the result: as its current score if `standard`, else only in the history of the what-
 * if model.
 */
export async function storeScore(
  ctx: WriteCtx,
  clientId: string,
  parameters: ScoreParameters,
  standard: boolean,
): Promise<ScoredRow> {
  const run = standard ? scoreOne : scoreWhatIf
  const [row] = await run(ctx, { ...parameters, client_id: clientId })
  if (row === undefined) throw clientNotFound(clientId)
  return { ...row, as_of: parameters.as_of.toISOString() }
}

/**
 * Scores every customer of the tenant that has not churned, and stores the results. Call `forbidNestedLoops` first in
 * the same transaction.
 */
export async function storeAllScores(ctx: WriteCtx, parameters: ScoreParameters): Promise<Recomputed> {
  const [counts] = await scoreAll(ctx, parameters)
  if (counts === undefined) throw new Error('the count returned no row')
  return counts
}

const lastDay = statement(
  'customers.last-scored-day',
  sql`select max(day) as day from customers.health_scores where tenant_id = :tenant_id and scoring_model = :model`,
  { params: { model: z.string() }, row: z.strictObject({ day: Day.nullable() }) },
)

/** The newest day on which any customer has a score by the model. */
export async function lastScoredDay(ctx: Ctx, model: string): Promise<string | null> {
  const [row] = await lastDay(ctx, { model })
  return row?.day ?? null
}

const history = statement(
  'customers.score-history',
  sql`select day, overall_score as score from customers.health_scores
    where tenant_id = :tenant_id and client_id = :client_id and scoring_model = :model
      and day > :day::date - 90 and day <= :day::date order by day`,
  {
    params: { client_id: z.string(), model: z.string(), day: Day },
    row: z.strictObject({ day: Day, score: Score }),
  },
)

/** The scores of the last 90 days by one model, oldest first. */
export async function scoreHistory(ctx: Ctx, clientId: string, model: string, day: string): Promise<DatedScore[]> {
  return history(ctx, { client_id: clientId, model, day })
}
