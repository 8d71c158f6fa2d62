import { expect, it } from 'vitest'
import { scoredTenant } from '../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { TEST_NOW } from '../../../../test/support/tenant.ts'
import { addDays, dayOf } from '../record/days.ts'
import { thinHistoryJob } from './thin-history.ts'

const database = await testDatabase()
const today = dayOf(TEST_NOW)
const LIMIT = addDays(today, -396)

/** A tenant with a score and a prediction of one customer on every day of 500, and indicators resolved on some. */
async function aged(): Promise<TestTenant> {
  const tenant = await scoredTenant(database)
  await database.owner.query(
    `insert into customers.health_scores (tenant_id, client_id, scoring_model, day, as_of, lookback_days, overall_score,
       weight_usage, weight_engagement, weight_support, weight_satisfaction, weight_payment)
     select $1, 'acme', model, $2::date - n, $2::date - n, 30, 50, 1, 0, 0, 0, 0
     from generate_series(1, 499) n, unnest(array['standard', 'other']) model`,
    [tenant.tenantId, today],
  )
  await database.owner.query(
    `insert into customers.churn_predictions (tenant_id, client_id, model_name, day, as_of, model_version, model_kind,
       churn_probability, churn_risk_level, contributing_factors)
     select $1, 'acme', 'rules', $2::date - n, $2::date - n, '1', 'rule', 0.5, 'medium', '[]' from generate_series(0, 499) n
     on conflict do nothing`,
    [tenant.tenantId, today],
  )
  await database.owner.query(
    `insert into customers.risk_indicators (tenant_id, client_id, indicator_name, category, severity, current_value,
       threshold_value, detected_at, updated_at, resolved_at)
     select $1, 'acme', 'usage_drop', 'usage', 'low', 1, 1, $2::date - 800, $2::date, resolved
     from unnest(array[$2::date, $2::date - 1, null]::timestamptz[]) resolved`,
    [tenant.tenantId, LIMIT],
  )
  return tenant
}

const daysOf = async (tenant: TestTenant, table: string) => {
  const { rows } = await database.owner.query<{ day: string }>(
    `select distinct day::text from customers.${table} where tenant_id = $1 and client_id = 'acme' order by day`,
    [tenant.tenantId],
  )
  return rows.map(({ day }) => day)
}

it('keeps every day of thirteen months, and the last of each week before; nothing of another tenant is deleted', async () => {
  const [mine, theirs] = [await aged(), await aged()]
  const every = Array.from({ length: 500 }, (_, n) => addDays(today, n - 499))
  const isSunday = (day: string) => new Date(day).getUTCDay() === 0
  // The week in which the thirteen months begin is not over before them.
  const kept = every.filter((day) => day >= LIMIT || isSunday(day))

  await thinHistoryJob.run(mine.ctx(), {})

  expect(await daysOf(mine, 'health_scores')).toEqual(kept)
  expect(await daysOf(mine, 'churn_predictions')).toEqual(kept)
  expect(await daysOf(theirs, 'health_scores')).toEqual(every)
  const { rows } = await database.owner.query(
    `select resolved_at at time zone 'UTC' = $2::date as at_limit from customers.risk_indicators
     where tenant_id = $1 and indicator_name = 'usage_drop' and detected_at = $2::date - 800 order by resolved_at`,
    [mine.tenantId, LIMIT],
  )
  expect(rows).toEqual([{ at_limit: true }, { at_limit: null }])

  await thinHistoryJob.run(mine.ctx(), {})
  expect(await daysOf(mine, 'health_scores')).toEqual(kept)
})
