import { expect, it } from 'vitest'
import { customerTools, resultOf, scoredTenant, shown } from '../../../../../test/support/customer-tools.ts'
import { testTenant } from '../../../../../test/support/tenant.ts'
import { testDatabase } from '../../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'list_clients', { health_score_max: 60 }))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "clients": [
        {
          "active_users": 6,
          "churn_probability": 0.982,
          "client_id": "globex",
          "client_name": "Globex",
          "contract_value": 60000,
          "csm_assigned": null,
          "currency": "USD",
          "days_until_renewal": 25,
          "health_score": 29.4,
          "health_trend": null,
          "lifecycle_stage": "onboarding",
          "risk_level": "critical",
          "support_tickets_open": 2,
          "tier": "professional",
          "top_risk": "Payment overdue for 50 days",
        },
      ],
      "filters_applied": {
        "health_score_max": 60,
      },
      "pagination": {
        "has_more": false,
        "limit": 50,
        "offset": 0,
        "returned_count": 1,
        "total_count": 1,
      },
      "summary": {
        "average_health_score": 29.4,
        "lifecycle_breakdown": {
          "onboarding": 1,
        },
        "total_active_users": 6,
        "total_arr": {
          "USD": 60000,
        },
        "total_clients": 1,
        "without_health_score": 0,
      },
    }
  `)
})

it('pages neither repeat nor miss a customer, and the summary covers all', async () => {
  const tenant = await scoredTenant(database)
  const seen: unknown[] = []
  for (let offset = 0; offset < 4; offset++) {
    const page = resultOf(await call(tenant, 'list_clients', { limit: 1, offset, response_format: 'concise' }))
    expect(page).toMatchObject({ pagination: { total_count: 4, has_more: offset < 3 }, summary: { total_clients: 4 } })
    seen.push(...(page['clients'] as { client_id: string }[]).map((client) => client.client_id))
  }
  expect(seen).toEqual(['globex', 'initech', 'acme', 'hooli'])
})

it.each([
  ['renewal', ['globex', 'hooli', 'initech', 'acme']],
  ['value', ['acme', 'globex', 'initech', 'hooli']],
  ['client_id', ['acme', 'globex', 'hooli', 'initech']],
])('orders by %s', async (sort_by, expected) => {
  const tenant = await scoredTenant(database)
  const { clients } = resultOf(await call(tenant, 'list_clients', { sort_by }))
  expect((clients as { client_id: string }[]).map((client) => client.client_id)).toEqual(expected)
})

it('does not show the customers of another tenant', async () => {
  await scoredTenant(database)
  const stranger = await testTenant(database)
  expect(resultOf(await call(stranger, 'list_clients', {}))).toMatchObject({
    clients: [],
    summary: { total_clients: 0 },
  })
})

it('refuses bounds that cross', async () => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'list_clients', { health_score_min: 70, health_score_max: 60 })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'health_score_min' }] } })
})

it('gives the reason for a low score, not the score itself', async () => {
  const tenant = await scoredTenant(database)
  const { clients } = resultOf(await call(tenant, 'list_clients', { health_score_max: 60 }))
  const [globex] = clients as { top_risk: string }[]
  expect(globex?.top_risk).not.toMatch(/^Health/)
})
