import { z } from 'zod'
import { sql, sqlName } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import { writing } from '#kernel/database/statement'
import type { WriteCtx } from '#kernel/writes/change'
import { Day } from '../../record/contract.ts'

/** A statement that deletes at most `:rows_max` rows of the tenant, and returns their number. */
const deleting = (name: string, table: string, gone: Sql) =>
  writing(
    name,
    sql`with gone as (
       delete from ${sqlName(table)} where tenant_id = :tenant_id and ctid = any(array(
         select r.ctid from ${sqlName(table)} r where r.tenant_id = :tenant_id and ${gone} limit :rows_max))
       returning 1
     ) select count(*) as deleted from gone`,
    { params: { before: Day, rows_max: z.int() }, row: z.strictObject({ deleted: z.int() }) },
  )

/** Rows of a day before `:before` that have a later row in the same week (Monday to Sunday). */
const notLastOfWeek = (table: string, kind: 'scoring_model' | 'model_name') => sql`r.day < :before::date and exists (
  select from ${sqlName(table)} l
  where l.tenant_id = :tenant_id and l.client_id = r.client_id and l.${sqlName(kind)} = r.${sqlName(kind)}
    and l.day > r.day and l.day < date_trunc('week', r.day)::date + 7)`

const thinScores = deleting(
  'customers.thin-health-scores',
  'customers.health_scores',
  notLastOfWeek('customers.health_scores', 'scoring_model'),
)

const thinPredictions = deleting(
  'customers.thin-churn-predictions',
  'customers.churn_predictions',
  notLastOfWeek('customers.churn_predictions', 'model_name'),
)

const deleteIndicators = deleting(
  'customers.delete-resolved-indicators',
  'customers.risk_indicators',
  sql`r.resolved_at < :before::date::timestamp at time zone 'UTC'`,
)

/** The number of deleted rows. */
export const Thinned = z.strictObject({ scores: z.int(), predictions: z.int(), indicators: z.int() })
export type Thinned = z.output<typeof Thinned>

/**
 * Keeps the last score and churn prediction of each week before `before`, and deletes the others, and the risk indicators
 * resolved before it: at most `rowsMax` rows of each.
 */
export async function thinBefore(ctx: WriteCtx, before: string, rowsMax: number): Promise<Thinned> {
  const of = async (remove: typeof thinScores) => (await remove(ctx, { before, rows_max: rowsMax }))[0]?.deleted ?? 0
  return {
    scores: await of(thinScores),
    predictions: await of(thinPredictions),
    indicators: await of(deleteIndicators),
  }
}
