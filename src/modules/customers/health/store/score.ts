import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { clientNotFound } from '../../record/client-not-found.ts'
import type { RiskLevel, Trend } from '../../record/contract.ts'
import type { ChurnPoints } from '../../risk/churn-model.ts'
import type { DatedScore } from '../predict-scores.ts'
import { recomputation } from './recompute-sql.ts'
import { scoreParameters } from './score-sql.ts'
import type { ScoreParameters } from './score-sql.ts'

export interface RaisedRow {
  readonly indicator_name: string
  readonly category: string
  readonly severity: RiskLevel
  readonly current_value: number
  readonly threshold_value: number
}

/** One customer as scored: the facts, the components from them, and what follows. */
export interface ScoredRow extends ChurnPoints {
  readonly client_id: string
  readonly client_name: string
  readonly seats: number | null
  readonly renewal_date: string | null
  readonly days_until_renewal: number | null
  readonly last_used_on: string | null
  readonly events: number
  readonly events_before: number
  readonly active_days: number
  readonly active_users_peak: number
  readonly last_contact_at: Date | null
  readonly silent_days: number | null
  readonly open_tickets: number
  readonly urgent_tickets: number
  readonly escalated_tickets: number
  readonly tickets: number
  readonly tickets_before: number
  readonly answers: number
  readonly last_answer_at: Date | null
  readonly last_due_on: string | null
  readonly overdue_days: number
  readonly paid_late: boolean
  readonly usage_score: number | null
  readonly engagement_score: number | null
  readonly support_score: number | null
  readonly satisfaction_score: number | null
  readonly payment_score: number | null
  readonly overall_score: number | null
  readonly score_before: number | null
  readonly score_before_on: string | null
  readonly trend: Trend
  readonly churn_probability: number | null
  readonly churn_level: 'negligible' | 'low' | 'medium' | 'high' | null
  readonly raised: readonly RaisedRow[]
  /** The instant it was computed for. */
  readonly as_of: string
}

const ONE = `select r.*, coalesce((select jsonb_agg(jsonb_build_object('indicator_name', indicator_name, 'category', category,
    'severity', severity, 'current_value', current_value, 'threshold_value', threshold_value)
    order by array_position(array['critical', 'high', 'medium', 'low'], severity), indicator_name)
  from raised), '[]') as raised from ranked r`

const scoreOne = statement<Omit<ScoredRow, 'as_of'>>('customers.score', recomputation('one', true, ONE))
const scoreWhatIf = statement<Omit<ScoredRow, 'as_of'>>('customers.score-what-if', recomputation('one', false, ONE))

export interface Recomputed {
  readonly customers: number
  readonly scored: number
  readonly at_risk: number
}

const scoreAll = statement<Recomputed>(
  'customers.recompute-health',
  recomputation(
    'all',
    true,
    `select count(*) as customers, count(overall_score) as scored, count(*) filter (where overall_score < $10::float8) as at_risk
     from ranked`,
  ),
)

/** Scores one customer and stores it; as the current score when `standard`, else only in the history of its model. */
export async function storeScore(
  ctx: Ctx,
  clientId: string,
  parameters: ScoreParameters,
  standard: boolean,
): Promise<ScoredRow> {
  const run = standard ? scoreOne : scoreWhatIf
  const [row] = await run(ctx.db, [...scoreParameters(parameters), clientId])
  if (row === undefined) throw clientNotFound(clientId)
  return { ...row, as_of: parameters.asOf.toISOString() }
}

/** Scores and stores every customer of the tenant that has not churned. Wants `planForAll` in the same transaction. */
export async function storeAllScores(ctx: Ctx, parameters: ScoreParameters): Promise<Recomputed> {
  const [counts] = await scoreAll(ctx.db, scoreParameters(parameters))
  if (counts === undefined) throw new Error('a count came back without a row')
  return counts
}

const lastDay = statement<{ day: string | null }>(
  'customers.last-scored-day',
  'select max(day) as day from customers.health_scores where tenant_id = $1 and scoring_model = $2',
)

/** The newest day on which any customer has a score by the model. */
export async function lastScoredDay(ctx: Ctx, model: string): Promise<string | null> {
  const [row] = await lastDay(ctx.db, [ctx.tenantId, model])
  return row?.day ?? null
}

const history = statement<DatedScore>(
  'customers.score-history',
  `select day, overall_score as score from customers.health_scores
   where tenant_id = $1 and client_id = $2 and scoring_model = $3 and day > $4::date - 90 and day <= $4::date order by day`,
)

/** The scores of the last 90 days by one model, oldest first. */
export async function scoreHistory(ctx: Ctx, clientId: string, model: string, day: string): Promise<DatedScore[]> {
  return history(ctx.db, [ctx.tenantId, clientId, model, day])
}
