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
  const result = resultOf(await call(tenant, 'track_adoption_milestones', {}))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "celebration_opportunities": [
        "acme: Account activated",
        "acme: First value",
        "acme: Team onboarded",
        "acme: Core features adopted",
        "acme: Integration connected",
        "acme: Business impact confirmed",
        "globex: Account activated",
        "globex: First value",
        "globex: Team onboarded",
        "initech: Account activated",
        "initech: First value",
      ],
      "completion": [
        {
          "completed": 3,
          "health_others": null,
          "health_reached": 62.4,
          "median_days": 264,
          "milestone_id": "account_activated",
          "rate": 0.75,
        },
        {
          "completed": 3,
          "health_others": null,
          "health_reached": 62.4,
          "median_days": 266,
          "milestone_id": "first_value",
          "rate": 0.75,
        },
        {
          "completed": 2,
          "health_others": 66.1,
          "health_reached": 60.6,
          "median_days": 264,
          "milestone_id": "team_onboarded",
          "rate": 0.5,
        },
        {
          "completed": 1,
          "health_others": 47.8,
          "health_reached": 91.8,
          "median_days": 264,
          "milestone_id": "core_features",
          "rate": 0.25,
        },
        {
          "completed": 1,
          "health_others": 47.8,
          "health_reached": 91.8,
          "median_days": 264,
          "milestone_id": "integration_connected",
          "rate": 0.25,
        },
        {
          "completed": 0,
          "health_others": 62.4,
          "health_reached": null,
          "median_days": null,
          "milestone_id": "advanced_features",
          "rate": 0,
        },
        {
          "completed": 1,
          "health_others": 47.8,
          "health_reached": 91.8,
          "median_days": 304,
          "milestone_id": "business_impact",
          "rate": 0.25,
        },
        {
          "completed": 0,
          "health_others": 62.4,
          "health_reached": null,
          "median_days": null,
          "milestone_id": "champion_developed",
          "rate": 0,
        },
      ],
      "customer_progress": [
        {
          "achieved": {},
          "client_id": "hooli",
          "completed": 0,
          "days_since_last": null,
          "next_milestone": "account_activated",
          "of": 8,
          "pace": "on_track",
        },
        {
          "achieved": {
            "account_activated": "2026-09-22",
            "first_value": "2026-09-24",
          },
          "client_id": "initech",
          "completed": 2,
          "days_since_last": 57,
          "next_milestone": "team_onboarded",
          "of": 8,
          "pace": "stuck",
        },
        {
          "achieved": {
            "account_activated": "2026-09-22",
            "first_value": "2026-09-24",
            "team_onboarded": "2026-09-22",
          },
          "client_id": "globex",
          "completed": 3,
          "days_since_last": 57,
          "next_milestone": "core_features",
          "of": 8,
          "pace": "stuck",
        },
        {
          "achieved": {
            "account_activated": "2026-09-22",
            "business_impact": "2026-11-01",
            "core_features": "2026-09-22",
            "first_value": "2026-09-24",
            "integration_connected": "2026-09-22",
            "team_onboarded": "2026-09-22",
          },
          "client_id": "acme",
          "completed": 6,
          "days_since_last": 19,
          "next_milestone": "advanced_features",
          "of": 8,
          "pace": "on_track",
        },
      ],
      "interventions": [
        "initech: no milestone for 57 days; help with team_onboarded",
        "globex: no milestone for 57 days; help with core_features",
      ],
      "milestone_definitions": [
        {
          "milestone_id": "account_activated",
          "name": "Account activated",
          "reached_when": "the first day of use",
        },
        {
          "milestone_id": "first_value",
          "name": "First value",
          "reached_when": "the third day of use",
        },
        {
          "milestone_id": "team_onboarded",
          "name": "Team onboarded",
          "reached_when": "five people on one day",
        },
        {
          "milestone_id": "core_features",
          "name": "Core features adopted",
          "reached_when": "70 % of the ten features most customers use",
        },
        {
          "milestone_id": "integration_connected",
          "name": "Integration connected",
          "reached_when": "first use of a feature named integration, webhook or api",
        },
        {
          "milestone_id": "advanced_features",
          "name": "Advanced features explored",
          "reached_when": "first use of a feature beyond the core",
        },
        {
          "milestone_id": "business_impact",
          "name": "Business impact confirmed",
          "reached_when": "a survey answer of 80 of 100 or more",
        },
        {
          "milestone_id": "champion_developed",
          "name": "Champion developed",
          "reached_when": "a contact marked as champion",
        },
      ],
      "newly_recorded": 11,
      "total_customers": 4,
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.record-milestones *')
})

it('records each milestone once', async () => {
  const tenant = await scoredTenant(database)
  const first = resultOf(await call(tenant, 'track_adoption_milestones', { client_id: 'acme' }))
  const second = resultOf(await call(tenant, 'track_adoption_milestones', { client_id: 'acme' }))
  expect(first['newly_recorded']).toBe(6)
  expect(second['newly_recorded']).toBe(0)
  expect(second['customer_progress']).toEqual(first['customer_progress'])
})

it('measures custom milestones', async () => {
  const tenant = await scoredTenant(database)
  const milestone = (metric: string, target: number) => ({ milestone_id: metric, name: metric, metric, target })
  const custom_milestones = [
    milestone('events', 100),
    milestone('active_days', 2),
    milestone('users', 8),
    milestone('features', 2),
  ]
  const args = { milestone_framework: 'custom', custom_milestones, client_id: 'acme' }
  const { customer_progress } = resultOf(await call(tenant, 'track_adoption_milestones', args))
  expect(customer_progress).toMatchObject([
    { achieved: { active_days: '2026-09-23', events: '2026-09-24', features: '2026-09-22', users: '2026-09-22' } },
  ])
})

it('requires milestones for the custom framework', async () => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'track_adoption_milestones', { milestone_framework: 'custom' })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path: 'custom_milestones' }] } })
})

it('shows milestones recorded for all customers in a cached overview', async () => {
  const tenant = await scoredTenant(database)
  const onboarding = async () => {
    const { client_overview } = resultOf(await call(tenant, 'get_client_overview', { client_id: 'acme' }))
    return client_overview
  }
  expect(await onboarding()).toMatchObject({ onboarding: { milestones_reached: 0 } })
  await call(tenant, 'track_adoption_milestones', {})
  expect(await onboarding()).toMatchObject({ onboarding: { milestones_reached: 6 } })
})
