import { expect, it } from 'vitest'
import { customerTools, resultOf, scoredTenant, shown } from '../../../../../test/support/customer-tools.ts'
import { addCustomers } from '../../../../../test/support/customer-data.ts'
import { testDatabase } from '../../../../../test/support/database.ts'
import { testTenant } from '../../../../../test/support/tenant.ts'
import { CustomerSettings } from '../../settings.ts'
import { addDays } from '../../record/days.ts'
import { customersModule } from '../../index.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'analyze_engagement_patterns', {}))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "anomalies": [],
      "communication_patterns": [
        {
          "average_health": 91.8,
          "customers": 1,
          "last_contact": "within 7 days",
        },
        {
          "average_health": 66.1,
          "customers": 1,
          "last_contact": "within 30 days",
        },
        {
          "average_health": 29.4,
          "customers": 1,
          "last_contact": "within 90 days",
        },
        {
          "average_health": null,
          "customers": 1,
          "last_contact": "never",
        },
      ],
      "customers_analyzed": 4,
      "feature_patterns": [
        {
          "customers": 3,
          "events": 140,
          "feature": "reports",
        },
        {
          "customers": 1,
          "events": 60,
          "feature": "alerts",
        },
        {
          "customers": 1,
          "events": 60,
          "feature": "api",
        },
      ],
      "identified_patterns": [
        {
          "average_churn_probability": 0.407,
          "average_health": 62.4,
          "customers": 3,
          "pattern": "growing",
          "rule": "events of the later half at least 1.3 times those of the earlier",
          "share": 0.75,
        },
        {
          "average_churn_probability": 0.598,
          "average_health": 47.8,
          "customers": 2,
          "pattern": "single_feature",
          "rule": "one feature only, on 5 days or more",
          "share": 0.5,
        },
        {
          "average_churn_probability": 0.598,
          "average_health": 47.8,
          "customers": 2,
          "pattern": "stopped",
          "rule": "no event in the last 14 days, but some before",
          "share": 0.5,
        },
        {
          "average_churn_probability": null,
          "average_health": null,
          "customers": 1,
          "pattern": "silent",
          "rule": "no event in the period",
          "share": 0.25,
        },
      ],
      "period": {
        "end": "2026-11-20",
        "start": "2026-08-23",
      },
      "predictive_insights": {
        "missing": "5 customers with a score that showed a pattern 30 days ago, and as many that did not",
        "status": "not_enough_data",
      },
      "risk_patterns": [],
      "status": "success",
      "success_patterns": [],
      "support_patterns": [
        {
          "category": "performance",
          "customers": 1,
          "tickets": 2,
        },
        {
          "category": "other",
          "customers": 1,
          "tickets": 1,
        },
      ],
      "temporal_patterns": [
        {
          "events": 590,
          "share": 0.136,
          "weekday": "Monday",
        },
        {
          "events": 650,
          "share": 0.149,
          "weekday": "Tuesday",
        },
        {
          "events": 650,
          "share": 0.149,
          "weekday": "Wednesday",
        },
        {
          "events": 650,
          "share": 0.149,
          "weekday": "Thursday",
        },
        {
          "events": 630,
          "share": 0.145,
          "weekday": "Friday",
        },
        {
          "events": 590,
          "share": 0.136,
          "weekday": "Saturday",
        },
        {
          "events": 590,
          "share": 0.136,
          "weekday": "Sunday",
        },
      ],
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

it('narrows to a stored segment, and to some pattern types', async () => {
  const tenant = await scoredTenant(database)
  const division = { segmentation_type: 'industry', min_segment_size: 1 }
  const { segments } = resultOf(await call(tenant, 'segment_customers', division))
  const energy = (segments as { segment_id: string; segment_name: string }[]).find(
    (one) => one.segment_name === 'Energy',
  )
  const scope = {
    analysis_scope: 'segment',
    scope_filter: { segment_id: energy?.segment_id },
    pattern_types: ['support'],
  }
  const result = resultOf(await call(tenant, 'analyze_engagement_patterns', scope))
  expect(result).toMatchObject({
    customers_analyzed: 1,
    support_patterns: [{ category: 'performance', tickets: 2, customers: 1 }],
  })
  expect(result).not.toHaveProperty('temporal_patterns')
})

it('recounts the members of a segment at once when customers are divided again', async () => {
  const tenant = await scoredTenant(database)
  const division = { segmentation_type: 'industry', min_segment_size: 1 }
  const { segments } = resultOf(await call(tenant, 'segment_customers', division))
  const energy = (segments as { segment_id: string; segment_name: string }[]).find(
    (one) => one.segment_name === 'Energy',
  )
  const customers = async () => {
    const scope = { analysis_scope: 'segment', scope_filter: { segment_id: energy?.segment_id } }
    return resultOf(await call(tenant, 'analyze_engagement_patterns', scope))['customers_analyzed']
  }
  expect(await customers()).toBe(1)
  await database.owner.query(`update customers.customers set industry = 'Energy' where tenant_id = $1`, [
    tenant.tenantId,
  ])
  await call(tenant, 'segment_customers', division)
  expect(await customers()).toBe(4)
})

it.each([
  [{}, 3],
  [{ tier: 'enterprise' }, 1],
  [{ industry: 'Energy' }, 1],
  [{ lifecycle_stage: 'onboarding', tier: 'professional' }, 1],
  [{ client_id: 'hooli' }, 1],
  [{ client_id: 'hooli', tier: 'enterprise' }, 0],
])('analyzes customers that match %j, and a churned one only when it is named', async (scope_filter, count) => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'manage_lifecycle_stages', { client_id: 'hooli', action: 'transition', new_stage: 'churned' })
  const result = resultOf(await call(tenant, 'analyze_engagement_patterns', { scope_filter }))
  expect(result).toMatchObject({ customers_analyzed: count })
})

it('finds an unusual day', async () => {
  const tenant = await scoredTenant(database)
  await database.owner.query(
    `update customers.usage_daily set events = 4000 where tenant_id = $1 and client_id = 'acme' and day = '2026-11-19'`,
    [tenant.tenantId],
  )
  const result = resultOf(await call(tenant, 'analyze_engagement_patterns', {}))
  expect(result).toMatchObject({ anomalies: [{ client_id: 'acme', day: '2026-11-19', events: 4000 }] })
})

it.each(['individual', 'segment'])('requires the filter for the scope %s', async (analysis_scope) => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'analyze_engagement_patterns', { analysis_scope })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'scope_filter' }] } })
})

it('reports the outcome of a pattern only if it is statistically certain', async () => {
  const tenant = await testTenant(database)
  const days = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, at) => dayBefore(from - at))
  const usage = (isLeaving: boolean) => [
    ...days(119, 76).map((day) => ({ day, events: 20, users: ['a'] })),
    ...days(75, 30).map((day) => ({ day, events: isLeaving ? 2 : 20, users: ['a'] })),
    ...(isLeaving ? [] : days(29, 0).map((day) => ({ day, events: 20, users: ['a'] }))),
  ]
  await addCustomers(
    database,
    tenant.tenantId,
    Array.from({ length: 16 }, (_, at) => ({ clientId: `c${at}`, usage: usage(at < 8) })),
  )
  await customersModule({ settings: CustomerSettings.parse({}) }).api.recomputeHealth(tenant.ctx())
  const { predictive_insights } = resultOf(await call(tenant, 'analyze_engagement_patterns', {}))
  expect(predictive_insights).toMatchObject({
    status: 'observed',
    insights: expect.arrayContaining([
      expect.objectContaining({ pattern: 'declining', customers: 8, share_lost: 1, others: 8, others_share_lost: 0 }),
    ]),
  })
  const without = resultOf(await call(tenant, 'analyze_engagement_patterns', { predictive_insights: false }))
  expect(without).not.toHaveProperty('predictive_insights')
})

it('predicts nothing from too few customers', async () => {
  const tenant = await scoredTenant(database)
  expect(resultOf(await call(tenant, 'analyze_engagement_patterns', {}))).toMatchObject({
    predictive_insights: { status: 'not_enough_data' },
  })
})

const dayBefore = (days: number) => addDays('2026-11-20', -days)
