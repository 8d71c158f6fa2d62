import { expect, it } from 'vitest'
import { customerTools, resultOf, scoredTenant, tenantWithCustomers } from '../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it('a customer without data is distinguished from an unhealthy one', async () => {
  const tenant = await tenantWithCustomers(database)
  const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'hooli' }))
  expect(result).toMatchObject({
    status: 'not_enough_data',
    current_health_score: null,
    component_scores: { usage: { status: 'not_enough_data' }, support: { status: 'not_enough_data' } },
    churn_prediction: { status: 'not_enough_data' },
  })
})

it('custom weights are a what-if and do not change the current score', async () => {
  const tenant = await scoredTenant(database)
  const custom = { scoring_model: 'custom', component_weights: { usage: 0.5, support: 0.5 } }
  const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex', ...custom }))
  expect(result).toMatchObject({ current_health_score: 38.2, health_metrics: { stored_as_current: false } })
  const current = resultOf(await call(tenant, 'list_clients', { health_score_max: 60 }))
  expect(current).toMatchObject({ clients: [{ client_id: 'globex', health_score: 29.4 }] })
})

it('is explained to a caller who may only read, and nothing of it is stored', async () => {
  const tenant = await tenantWithCustomers(database)
  const reader = { scopes: ['customers:read'] } as const
  const stored = async () => {
    const { rows } = await database.owner.query(
      `select (select count(*) from customers.health_scores where tenant_id = $1) as scores,
         (select count(*) from customers.risk_indicators where tenant_id = $1) as indicators,
         (select count(health_score) from customers.customers where tenant_id = $1) as scored`,
      [tenant.tenantId],
    )
    return rows[0]
  }
  const read = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex' }, reader))
  expect(read).toMatchObject({ current_health_score: 29.4, health_metrics: { stored_as_current: false } })
  expect(await stored()).toEqual({ scores: 0, indicators: 0, scored: 0 })
  const written = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex' }))
  expect(written).toEqual({
    ...read,
    health_metrics: { ...(read['health_metrics'] as object), stored_as_current: true },
  })
})

it('trend and forecast need enough stored scores', async () => {
  const tenant = await tenantWithCustomers(database)
  const at = (day: string) => ({ clock: () => new Date(`${day}T12:00:00Z`) })
  for (const day of ['2026-10-20', '2026-10-27', '2026-11-03', '2026-11-10']) {
    await call(tenant, 'calculate_health_score', { client_id: 'globex' }, at(day))
  }
  const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex' }))
  expect(result).toMatchObject({
    health_trend: 'declining',
    score_change: { since: '2026-10-20' },
    predicted_scores: { status: 'fitted', method: 'least squares over 5 stored scores since 2026-10-20' },
  })
  expect(result['historical_scores']).toHaveLength(5)
})

it('says that no trained model is deployed', async () => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'calculate_health_score', { client_id: 'acme', scoring_model: 'ml_predictive' })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'invalid', code: 'MODEL_NOT_AVAILABLE' } })
})

it.each([
  [{ scoring_model: 'custom' }],
  [{ scoring_model: 'custom', component_weights: { usage: 0.5 } }],
  [{ component_weights: { usage: 1 } }],
])('refuses invalid weights: %j', async (args) => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'calculate_health_score', { client_id: 'acme', ...args })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'component_weights' }] } })
})

it('reports a churned customer as churned, like the list and the overview', async () => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'manage_lifecycle_stages', { client_id: 'globex', action: 'transition', new_stage: 'churned' })
  for (const how of [{}, { lookback_period_days: 90 }]) {
    const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex', ...how }))
    expect(result).toMatchObject({ status: 'churned', current_health_score: null, health_trend: null })
  }
  const list = resultOf(await call(tenant, 'list_clients', { lifecycle_stage_filter: 'churned' }))
  expect(list).toMatchObject({ clients: [{ client_id: 'globex', health_score: null, health_trend: null }] })
  const overview = resultOf(await call(tenant, 'get_client_overview', { client_id: 'globex' }))
  expect(overview).toMatchObject({ insights: { overall_status: 'churned', health_score: null, health_trend: null } })
})

it('reports no trend without two scores a week apart', async () => {
  const tenant = await tenantWithCustomers(database)
  const trend = async (day: string) =>
    resultOf(
      await call(
        tenant,
        'calculate_health_score',
        { client_id: 'acme' },
        { clock: () => new Date(`${day}T12:00:00Z`) },
      ),
    )['health_trend']
  const listed = async () => resultOf(await call(tenant, 'list_clients', { sort_by: 'client_id' }))['clients']
  expect(await listed()).toMatchObject([{ client_id: 'acme', health_trend: null }, {}, {}, {}])
  expect(await trend('2026-11-10')).toBeNull()
  expect(await listed()).toMatchObject([{ client_id: 'acme', health_trend: null }, {}, {}, {}])
  expect(await trend('2026-11-20')).toBe('declining')
  expect(await listed()).toMatchObject([{ client_id: 'acme', health_trend: 'declining' }, {}, {}, {}])
})

it('gives no support score to a customer without usage in the window', async () => {
  const tenant = await tenantWithCustomers(database)
  const later = { clock: () => new Date('2028-11-01T12:00:00Z') }
  const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'acme' }, later))
  expect(result).toMatchObject({ component_scores: { support: { status: 'not_enough_data' } } })
})
