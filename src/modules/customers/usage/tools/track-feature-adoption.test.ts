import { expect, it } from 'vitest'
import { customerTools, resultOf, scoredTenant, shown } from '../../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'track_feature_adoption', {}))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "active_customers": 3,
      "breakdown": [
        {
          "adopters_health": 62.4,
          "adoption_rate": 1,
          "change": null,
          "customers_adopted": 3,
          "customers_using": 3,
          "events": 140,
          "feature": "reports",
          "new_customers": 3,
          "others_health": null,
          "stickiness": 1,
        },
        {
          "adopters_health": 91.8,
          "adoption_rate": 0.333,
          "change": null,
          "customers_adopted": 1,
          "customers_using": 1,
          "events": 60,
          "feature": "alerts",
          "new_customers": 1,
          "others_health": 47.7,
          "stickiness": 1,
        },
        {
          "adopters_health": 91.8,
          "adoption_rate": 0.333,
          "change": null,
          "customers_adopted": 1,
          "customers_using": 1,
          "events": 60,
          "feature": "api",
          "new_customers": 1,
          "others_health": 47.7,
          "stickiness": 1,
        },
      ],
      "by_lifecycle": [
        {
          "adoption_rate": 0.556,
          "customers": 3,
          "group": "onboarding",
        },
      ],
      "by_tier": [
        {
          "adoption_rate": 1,
          "customers": 1,
          "group": "enterprise",
        },
        {
          "adoption_rate": 0.333,
          "customers": 1,
          "group": "professional",
        },
        {
          "adoption_rate": 0.333,
          "customers": 1,
          "group": "standard",
        },
      ],
      "features_known": 3,
      "high_value_features": [],
      "overall_adoption_rate": 0.556,
      "recommendations": [],
      "status": "success",
      "underutilised_features": [],
      "user_personas": {
        "dormant": 0,
        "occasional": 0,
        "people": 17,
        "power": 17,
        "regular": 0,
        "rule": "share of the customer’s active days on which a person was active: power from 1/2, regular from 1/5, occasional below; dormant: active only in the preceding period",
      },
    }
  `)
})

it('says not_enough_data when no event names a feature', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'track_feature_adoption', { client_id: 'hooli' }))
  expect(result).toMatchObject({ status: 'not_enough_data', breakdown: [] })
})

it('reports on one feature only', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'track_feature_adoption', { feature_id: 'api' }))
  expect(result).toMatchObject({ breakdown: [{ feature: 'api', customers_using: 1, adoption_rate: 0.333 }] })
})

it.each([
  [{ client_id: 'acme' }, ['alerts', 'api', 'reports'], 1],
  [{ client_id: 'acme', feature_id: 'api' }, ['api'], 1],
  [{ client_id: 'globex', feature_id: 'api' }, [], 1],
])('reports on one customer, or one of its features: %j', async (args, expected, active_customers) => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'track_feature_adoption', args))
  expect(result).toMatchObject({ active_customers })
  expect((result['breakdown'] as { feature: string }[]).map(({ feature }) => feature)).toEqual(expected)
})

it('groups users by how regularly they are active, unless turned off', async () => {
  const tenant = await scoredTenant(database)
  const { rows } = await database.owner.query<{ people: number }>(
    "select count(distinct (client_id, user_id))::int as people from customers.usage_daily_users where tenant_id = $1 and day > '2026-08-22'",
    [tenant.tenantId],
  )
  const { user_personas } = resultOf(await call(tenant, 'track_feature_adoption', {}))
  expect(user_personas).toMatchObject({ people: rows[0]?.people })
  const of = { client_id: 'hooli' }
  expect(resultOf(await call(tenant, 'track_feature_adoption', of))).toMatchObject({
    user_personas: { status: 'not_enough_data' },
  })
  const without = resultOf(await call(tenant, 'track_feature_adoption', { include_user_personas: false }))
  expect(without).not.toHaveProperty('user_personas')
})

it('regroups customers at once when one changed its tier', async () => {
  const tenant = await scoredTenant(database)
  const tiers = async () => {
    const { by_tier } = resultOf(await call(tenant, 'track_feature_adoption', {}))
    return (by_tier as { group: string }[]).map(({ group }) => group)
  }
  expect(await tiers()).toContain('enterprise')
  await call(tenant, 'update_client_info', { client_id: 'acme', updates: { tier: 'starter' } })
  expect(await tiers()).not.toContain('enterprise')
})
