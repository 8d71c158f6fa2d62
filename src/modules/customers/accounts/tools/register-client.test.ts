import { expect, it } from 'vitest'
import {
  auditActions,
  customerTools,
  resultOf,
  scoredTenant,
  shown,
} from '../../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../../test/support/database.ts'
import { testTenant } from '../../../../../test/support/tenant.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(
    await call(tenant, 'register_client', {
      client_id: 'cs_test_smoketest',
      client_name: 'Test Company',
      industry: 'Technology',
    }),
  )
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "client_id": "cs_test_smoketest",
      "client_record": {
        "active_users": null,
        "churn_probability": null,
        "client_id": "cs_test_smoketest",
        "client_name": "Test Company",
        "company_name": "Test Company",
        "contract_end_date": "2027-11-20",
        "contract_start_date": "2026-11-20",
        "contract_value": 0,
        "created_at": "2026-11-20T12:00:00.000Z",
        "csm_assigned": null,
        "currency": "USD",
        "feature_adoption_rate": null,
        "health_score": null,
        "health_trend": null,
        "industry": "Technology",
        "last_engagement_at": null,
        "lifecycle_stage": "onboarding",
        "primary_contact_email": null,
        "primary_contact_name": null,
        "renewal_date": "2027-11-20",
        "satisfaction_score": null,
        "status": "active",
        "support_tickets_open": 0,
        "tier": "standard",
        "updated_at": "2026-11-20T12:00:00.000Z",
        "users_provisioned": null,
        "version": 1,
      },
      "next_steps": [
        "track_usage_engagement with event_name records what they do in the product",
        "calculate_health_score once there are usage, tickets, surveys or payments",
        "update_client_info assigns a CSM (csm_assigned)",
      ],
      "summary": {
        "contract_term_days": 365,
        "contract_value": 0,
        "days_until_renewal": 365,
        "lifecycle_stage": "onboarding",
        "tier": "standard",
      },
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.register cs_test_smoketest')
})

it('an id that is taken is a conflict, and changes nothing', async () => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'register_client', { client_id: 'acme', client_name: 'Other' })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'conflict', code: 'CLIENT_EXISTS' } })
  const overview = resultOf(await call(tenant, 'get_client_overview', { client_id: 'acme' }))
  expect(overview).toMatchObject({ client_overview: { identity: { client_name: 'Acme' } } })
})

it('a retry with the same idempotency key registers once', async () => {
  const tenant = await scoredTenant(database)
  const args = { client_name: 'Once', idempotency_key: 'k1', primary_contact_email: 'jo@once.example' }
  const [first, second] = [await call(tenant, 'register_client', args), await call(tenant, 'register_client', args)]
  expect(resultOf(second)).toEqual(resultOf(first))
  const { rows } = await database.owner.query(
    'select count(*)::int as n from customers.contacts where tenant_id = $1 and is_primary',
    [tenant.tenantId],
  )
  expect(rows).toEqual([{ n: 1 }])
})

it('a contract that ends before it starts is refused by field', async () => {
  const tenant = await scoredTenant(database)
  const dates = { contract_start_date: '2027-01-01', contract_end_date: '2026-01-01' }
  const outcome = await call(tenant, 'register_client', { client_name: 'Backwards', ...dates })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'contract_end_date' }] } })
})

it.each([
  { contract_start_date: '2024-01-01', contract_end_date: '2025-01-01' },
  { contract_start_date: '2024-01-02' },
])('says that the contract has already ended: %j', async (dates) => {
  const tenant = await testTenant(database)
  const result = resultOf(await call(tenant, 'register_client', { client_name: 'Late', ...dates }))
  expect(result).toMatchObject({ summary: { lifecycle_stage: 'onboarding' } })
  expect(result['next_steps']).toContainEqual(expect.stringMatching(/^the contract ended on 2025-01-01/))
})

it.each([
  [1.15, 115],
  [0.29, 29],
  [4.35, 435],
  [90_000.99, 9_000_099],
])('a contract value of %d is stored as %d cents', async (contract_value, cents) => {
  const tenant = await testTenant(database)
  await call(tenant, 'register_client', { client_name: 'Exact', industry: 'Technology', contract_value })
  const { rows } = await database.owner.query(
    'select contract_value_cents::int as cents from customers.customers where tenant_id = $1',
    [tenant.tenantId],
  )
  expect(rows).toEqual([{ cents }])
})

it('a contract that ends on the day it starts is refused, also with the default start date', async () => {
  const tenant = await testTenant(database)
  const args = { client_name: 'Short', industry: 'Technology' }
  for (const given of [{}, { contract_start_date: '2026-11-20' }]) {
    const outcome = await call(tenant, 'register_client', { ...args, ...given, contract_end_date: '2026-11-20' })
    expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'contract_end_date' }] } })
  }
  expect(await call(tenant, 'register_client', { ...args, contract_end_date: '2026-11-21' })).toMatchObject({
    kind: 'done',
  })
})
