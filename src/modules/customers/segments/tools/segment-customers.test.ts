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
  const result = resultOf(
    await call(tenant, 'segment_customers', {
      segmentation_type: 'health_based',
      min_segment_size: 1,
      output_format: 'detailed',
    }),
  )
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "cross_segment_analysis": {
        "largest_arr": "champion",
        "lowest_health": "critical",
        "most_at_risk": "critical",
      },
      "left_out": [],
      "recommendations": [],
      "segment_migration": [],
      "segments": [
        {
          "against_all_customers": {
            "arr_per_customer": 70000,
            "at_risk_share": -0.25,
            "average_churn_probability": -0.381,
            "average_health": 29.4,
          },
          "at_risk": 0,
          "average_churn_probability": 0.027,
          "average_health": 91.8,
          "characteristics": {
            "most_common_industry": "Technology",
            "most_common_tier": "enterprise",
          },
          "client_ids": [
            "acme",
          ],
          "customer_count": 1,
          "engagement_strategy": "Ask for references and case studies; look for expansion.",
          "segment_id": "seg_…",
          "segment_name": "champion",
          "share": 0.25,
          "total_arr": 120000,
        },
        {
          "against_all_customers": {
            "arr_per_customer": 10000,
            "at_risk_share": 0.75,
            "average_churn_probability": 0.575,
            "average_health": -33,
          },
          "at_risk": 1,
          "average_churn_probability": 0.982,
          "average_health": 29.4,
          "characteristics": {
            "most_common_industry": "Energy",
            "most_common_tier": "professional",
          },
          "client_ids": [
            "globex",
          ],
          "customer_count": 1,
          "engagement_strategy": "Escalate to an executive sponsor this week.",
          "segment_id": "seg_…",
          "segment_name": "critical",
          "share": 0.25,
          "total_arr": 60000,
        },
        {
          "against_all_customers": {
            "arr_per_customer": -30000,
            "at_risk_share": -0.25,
            "average_churn_probability": -0.194,
            "average_health": 3.7,
          },
          "at_risk": 0,
          "average_churn_probability": 0.213,
          "average_health": 66.1,
          "characteristics": {
            "most_common_industry": "Technology",
            "most_common_tier": "standard",
          },
          "client_ids": [
            "initech",
          ],
          "customer_count": 1,
          "engagement_strategy": "Raise the weakest component.",
          "segment_id": "seg_…",
          "segment_name": "stable",
          "share": 0.25,
          "total_arr": 20000,
        },
        {
          "against_all_customers": {
            "arr_per_customer": -50000,
            "at_risk_share": -0.25,
            "average_churn_probability": null,
            "average_health": null,
          },
          "at_risk": 0,
          "average_churn_probability": null,
          "average_health": null,
          "characteristics": {
            "most_common_industry": "Technology",
            "most_common_tier": "starter",
          },
          "client_ids": [
            "hooli",
          ],
          "customer_count": 1,
          "engagement_strategy": "Connect data sources; nothing is known yet.",
          "segment_id": "seg_…",
          "segment_name": "unknown",
          "share": 0.25,
          "total_arr": 0,
        },
      ],
      "segments_created": 4,
      "total_customers_analyzed": 4,
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.segment health_based')
})

it.each(['value_based', 'usage_based', 'industry', 'lifecycle'])(
  'puts every customer in one segment by %s',
  async (segmentation_type) => {
    const tenant = await scoredTenant(database)
    const args = { segmentation_type, min_segment_size: 1, output_format: 'ids_only' }
    const { segments } = resultOf(await call(tenant, 'segment_customers', args))
    const ids = (segments as { client_ids: string[] }[]).flatMap((segment) => segment.client_ids)
    expect(ids.toSorted()).toEqual(['acme', 'globex', 'hooli', 'initech'])
  },
)

it.each([
  [{ tier: 'enterprise' }, ['acme']],
  [{ industry: 'Energy' }, ['globex']],
  [{ lifecycle_stage: 'churned' }, ['hooli']],
  [{ value_min: 60_000 }, ['acme', 'globex']],
  [{ value_max: 60_000, health_max: 60 }, ['globex']],
  [{ health_min: 60 }, ['acme', 'initech']],
])('divides only customers that match %j, and churned ones only on request', async (criteria, expected) => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'manage_lifecycle_stages', { client_id: 'hooli', action: 'transition', new_stage: 'churned' })
  const args = { segmentation_type: 'usage_based', criteria, min_segment_size: 1, output_format: 'ids_only' }
  const { segments } = resultOf(await call(tenant, 'segment_customers', args))
  const ids = (segments as { client_ids: string[] }[]).flatMap((segment) => segment.client_ids)
  expect(ids.toSorted()).toEqual(expected)
})

it('stores a custom segment, replaces it, and reports who moved since', async () => {
  const tenant = await scoredTenant(database)
  const by = (segmentation_type: string, criteria = {}) =>
    call(tenant, 'segment_customers', { segmentation_type, criteria, min_segment_size: 1, output_format: 'ids_only' })
  const custom = resultOf(await by('custom', { name: 'Large', value_min: 50_000 }))
  expect(custom).toMatchObject({ segments: [{ segment_name: 'Large', client_ids: ['acme', 'globex'] }] })
  const fewer = resultOf(await by('custom', { name: 'Large', value_min: 100_000 }))
  expect(fewer).toMatchObject({ segments: [{ segment_name: 'Large', client_ids: ['acme'] }] })

  await by('value_based')
  await call(tenant, 'update_client_info', { client_id: 'initech', updates: { contract_value: 60_000 } })
  expect(resultOf(await by('value_based'))).toMatchObject({
    segment_migration: [{ from: 'standard', to: 'professional', customers: 1 }],
  })
})

it('leaves small segments out, and lists them', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(
    await call(tenant, 'segment_customers', { segmentation_type: 'industry', min_segment_size: 2 }),
  )
  expect(result).toMatchObject({ segments_created: 1, left_out: [{ segment_name: 'Energy', customer_count: 1 }] })
})

it('a custom segment needs a criterion', async () => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'segment_customers', { segmentation_type: 'custom', criteria: { name: 'All' } })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'criteria' }] } })
})

it('compares each segment with all analyzed customers, unless turned off', async () => {
  const tenant = await scoredTenant(database)
  const division = { segmentation_type: 'industry', min_segment_size: 1 }
  const { segments } = resultOf(await call(tenant, 'segment_customers', division))
  const parts = segments as {
    customer_count: number
    total_arr: number
    against_all_customers: { arr_per_customer: number }
  }[]
  const customers = parts.reduce((sum, part) => sum + part.customer_count, 0)
  const mean = parts.reduce((sum, part) => sum + part.total_arr, 0) / customers
  for (const part of parts) {
    expect(part.against_all_customers.arr_per_customer).toBeCloseTo(part.total_arr / part.customer_count - mean, 1)
  }
  const without = resultOf(await call(tenant, 'segment_customers', { ...division, benchmark_analysis: false }))
  expect((without['segments'] as object[])[0]).not.toHaveProperty('against_all_customers')
})
