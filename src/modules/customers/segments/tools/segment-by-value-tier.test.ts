import { expect, it } from 'vitest'
import {
  auditActions,
  customerTools,
  resultOf,
  scoredTenant,
  shown,
} from '../../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'segment_by_value_tier', {}))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "csm_allocation": [
        {
          "csms_needed": 0.06,
          "value_tier": "enterprise",
        },
        {
          "csms_needed": 0.02,
          "value_tier": "professional",
        },
        {
          "csms_needed": 0.01,
          "value_tier": "standard",
        },
      ],
      "currencies": [
        "USD",
      ],
      "downgrade_risks": [
        {
          "arr": 60000,
          "client_id": "globex",
          "client_name": "Globex",
          "health_score": 29.4,
          "value_tier": "professional",
        },
      ],
      "recommended_actions": [
        "Protect Globex first: health 29.4, the largest at risk",
      ],
      "service_levels": [
        {
          "accounts_per_csm": 18,
          "support_hours": 2,
          "value_tier": "enterprise",
        },
        {
          "accounts_per_csm": 45,
          "support_hours": 4,
          "value_tier": "professional",
        },
        {
          "accounts_per_csm": 120,
          "support_hours": 8,
          "value_tier": "standard",
        },
        {
          "accounts_per_csm": null,
          "support_hours": 24,
          "value_tier": "starter",
        },
      ],
      "tier_distribution": [
        {
          "arr": 120000,
          "at_risk": 0,
          "average_health": 91.8,
          "customers": 1,
          "segment_id": "seg_…",
          "share_of_arr": 0.6,
          "value_tier": "enterprise",
        },
        {
          "arr": 60000,
          "at_risk": 1,
          "average_health": 29.4,
          "customers": 1,
          "segment_id": "seg_…",
          "share_of_arr": 0.3,
          "value_tier": "professional",
        },
        {
          "arr": 20000,
          "at_risk": 0,
          "average_health": 66.1,
          "customers": 1,
          "segment_id": "seg_…",
          "share_of_arr": 0.1,
          "value_tier": "standard",
        },
        {
          "arr": 0,
          "at_risk": 0,
          "average_health": null,
          "customers": 1,
          "segment_id": "seg_…",
          "share_of_arr": 0,
          "value_tier": "starter",
        },
      ],
      "total_arr": 200000,
      "total_customers": 4,
      "upgrade_candidates": [],
      "value_concentration": {
        "share_of_arr": 0.6,
        "top_10_percent_customers": 1,
      },
      "vip_accounts": [
        {
          "arr": 120000,
          "client_id": "acme",
          "client_name": "Acme",
          "health_score": 91.8,
          "value_tier": "enterprise",
        },
        {
          "arr": 60000,
          "client_id": "globex",
          "client_name": "Globex",
          "health_score": 29.4,
          "value_tier": "professional",
        },
        {
          "arr": 20000,
          "client_id": "initech",
          "client_name": "Initech",
          "health_score": 66.1,
          "value_tier": "standard",
        },
        {
          "arr": 0,
          "client_id": "hooli",
          "client_name": "Hooli",
          "health_score": null,
          "value_tier": "starter",
        },
      ],
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.segment-by-value-tier value_tier')
})

it('accepts custom bounds, and refuses bounds that do not rise', async () => {
  const tenant = await scoredTenant(database)
  const bounds = { standard: 1000, professional: 5000, enterprise: 10_000, strategic: 100_000 }
  const result = resultOf(await call(tenant, 'segment_by_value_tier', { tier_definitions: bounds }))
  expect(result).toMatchObject({
    tier_distribution: [{ value_tier: 'strategic', customers: 1 }, { value_tier: 'enterprise' }, {}],
  })
  const falling = { ...bounds, strategic: 1 }
  const outcome = await call(tenant, 'segment_by_value_tier', { tier_definitions: falling })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'tier_definitions' }] } })
})

it('accepts the bounds as a list, but not both ways', async () => {
  const tenant = await scoredTenant(database)
  const bounds = { standard: 10_000, professional: 50_000, enterprise: 100_000, strategic: 250_000 }
  const named = resultOf(await call(tenant, 'segment_by_value_tier', { tier_definitions: bounds }))
  const listed = resultOf(await call(tenant, 'segment_by_value_tier', { thresholds: Object.values(bounds) }))
  expect(listed['tier_distribution']).toEqual(named['tier_distribution'])
  const both = { thresholds: Object.values(bounds), tier_definitions: bounds }
  const outcome = await call(tenant, 'segment_by_value_tier', both)
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'thresholds' }] } })
})

it.each(['potential_based', 'strategic_value'])('says what is missing for %s', async (model) => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'segment_by_value_tier', { model })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'NOT_ENOUGH_DATA', problems: [{ path: 'model' }] } })
})
