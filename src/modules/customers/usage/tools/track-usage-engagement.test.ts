import { expect, it } from 'vitest'
import {
  auditActions,
  customerTools,
  resultOf,
  scoredTenant,
  shown,
} from '../../../../../test/support/customer-tools.ts'
import { addCustomers, daysBack } from '../../../../../test/support/customer-data.ts'
import { testDatabase } from '../../../../../test/support/database.ts'
import { testTenant } from '../../../../../test/support/tenant.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(
    await call(tenant, 'track_usage_engagement', {
      client_id: 'acme',
      event_name: 'login',
      properties: { source: 'smoke_test' },
    }),
  )
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "client_id": "acme",
      "recorded": {
        "event_name": "login",
        "message_id": "evt_…",
        "occurred_at": "2026-11-20T12:00:00.000Z",
        "status": "recorded",
      },
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.record-event acme')
})

it('reports on a period', async () => {
  const tenant = await scoredTenant(database)
  const period = { period_start: '2026-10-20', period_end: '2026-10-31', granularity: 'weekly' }
  const result = resultOf(await call(tenant, 'track_usage_engagement', { client_id: 'globex', ...period }))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "activity_heatmap": [],
      "alerts": [
        "Usage down 42 % from the preceding period",
      ],
      "benchmark_insights": {
        "missing": "5 other customers of the tier; there are 0",
        "status": "not_enough_data",
      },
      "client_id": "globex",
      "engagement_metrics": {
        "active_days": 7,
        "daily_users_average": 6,
        "errors": 0,
        "events": 210,
        "minutes": 210,
        "sessions": 42,
        "stickiness": 1,
        "users": 6,
      },
      "engagement_patterns": {
        "busiest_hour_utc": null,
        "by_weekday": {
          "Friday": 30,
          "Monday": 30,
          "Saturday": 30,
          "Sunday": 30,
          "Thursday": 30,
          "Tuesday": 30,
          "Wednesday": 30,
        },
      },
      "feature_adoption_timeline": [
        {
          "active_days": 7,
          "events": 7,
          "feature": "reports",
          "first_used": "2026-09-22",
          "is_new": false,
          "last_used": "2026-10-26",
        },
      ],
      "period": {
        "days": 12,
        "end": "2026-10-31",
        "start": "2026-10-20",
      },
      "recommendations": [
        "6 of 20 seats were used: invite and train the others",
      ],
      "usage_analytics": {
        "features_used": 1,
        "seat_utilisation": 0.3,
        "seats": 20,
      },
      "usage_trends": {
        "change": -0.417,
        "events_before": 360,
        "series": [
          {
            "at": "2026-10-19",
            "events": 180,
            "users": 6,
          },
          {
            "at": "2026-10-26",
            "events": 30,
            "users": 6,
          },
        ],
      },
      "user_cohorts": {
        "lost": 0,
        "new": 0,
        "occasional": 0,
        "power": 6,
        "regular": 0,
      },
    }
  `)
})

it.each(['hourly', 'daily', 'monthly'])('returns the %s series', async (granularity) => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'track_usage_engagement', {
    client_id: 'acme',
    event_name: 'login',
    properties: { user_id: 'u1' },
  })
  const period = { period_start: '2026-11-20', period_end: '2026-11-20', granularity }
  const { usage_trends } = resultOf(await call(tenant, 'track_usage_engagement', { client_id: 'acme', ...period }))
  // safe because: the output schema of the tool says so.
  const { series } = usage_trends as { series: { events: number; users: number }[] }
  expect(series.at(-1)).toMatchObject({ events: 1, users: 1 })
  expect(series).toHaveLength(granularity === 'hourly' ? 13 : 1)
})

it('a recorded event counts in the next report and score; a repeated one counts once', async () => {
  const tenant = await scoredTenant(database)
  const event = { client_id: 'hooli', event_name: 'login', idempotency_key: 'm1' }
  await call(tenant, 'track_usage_engagement', event)
  expect(resultOf(await call(tenant, 'track_usage_engagement', event))).toMatchObject({
    recorded: { status: 'known_already' },
  })
  const score = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'hooli' }))
  expect(score).toMatchObject({ component_scores: { usage: { status: 'known' } } })
  const period = { period_start: '2026-11-20', period_end: '2026-11-20' }
  const report = resultOf(await call(tenant, 'track_usage_engagement', { client_id: 'hooli', ...period }))
  expect(report).toMatchObject({ engagement_metrics: { events: 1, active_days: 1 } })
})

it.each([
  [{ period_start: '2026-01-01' }, 'period_end'],
  [{}, 'period_start'],
  [{ period_start: '2024-01-01', period_end: '2026-01-01' }, 'period_end'],
  [{ period_start: '2026-02-01', period_end: '2026-01-01' }, 'period_end'],
  [{ event_name: 'login', period_start: '2026-02-01' }, 'period_start'],
  [{ properties: {}, period_start: '2026-02-01', period_end: '2026-02-02' }, 'event_name'],
])('refuses %j by naming %s', async (args, path) => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'track_usage_engagement', { client_id: 'acme', ...args })
  expect(outcome.kind === 'failed' && outcome.failure.problems.map((problem) => problem.path)).toContain(path)
})

it('reports to a read-only key, including events recorded just before', async () => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'track_usage_engagement', { client_id: 'hooli', event_name: 'login' })
  const args = { client_id: 'hooli', period_start: '2026-11-20', period_end: '2026-11-20' }
  const outcome = await call(tenant, 'track_usage_engagement', args, { scopes: ['customers:read'] })
  expect(resultOf(outcome)).toMatchObject({ engagement_metrics: { events: 1 } })
  const { rows } = await database.owner.query(
    "select actor_kind, actor_id from audit.events where tenant_id = $1 and action = 'customers.roll-up-usage'",
    [tenant.tenantId],
  )
  expect(rows).toContainEqual({ actor_kind: 'job', actor_id: 'customers.roll-up-usage' })
})

it('says when no event names a user', async () => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'track_usage_engagement', { client_id: 'hooli', event_name: 'login' })
  const args = { client_id: 'hooli', period_start: '2026-11-20', period_end: '2026-11-20' }
  expect(resultOf(await call(tenant, 'track_usage_engagement', args))).toMatchObject({
    user_cohorts: { status: 'not_enough_data', missing: 'usage events that name a user (user_id)' },
  })
})

it('reports no growth if usage began within the preceding period, and skips no day', async () => {
  const tenant = await testTenant(database)
  const usage = [...daysBack(32, 31), ...daysBack(28, 0)].map((day) => ({ day, events: 10 }))
  await addCustomers(database, tenant.tenantId, [{ clientId: 'young', usage }])
  const period = { period_start: '2026-10-22', period_end: '2026-11-30' }
  const result = resultOf(await call(tenant, 'track_usage_engagement', { client_id: 'young', ...period }))
  expect(result).toMatchObject({ period: { end: '2026-11-20', days: 30 }, usage_trends: { events_before: 20 } })
  expect(result).toMatchObject({ usage_trends: { change: { status: 'not_enough_data' } } })
  // safe because: the output schema of the tool says so.
  const { series } = result['usage_trends'] as { series: { at: string; events: number }[] }
  expect(series.slice(0, 2)).toMatchObject([
    { at: '2026-10-22', events: 0 },
    { at: '2026-10-23', events: 10 },
  ])
  expect(series.map(({ at }) => at)).toEqual(daysBack(29, 0))
})

it('detects usage that fell or stopped within the period', async () => {
  const tenant = await testTenant(database)
  const falling = daysBack(29, 0).map((day, at) => ({ day, events: at < 15 ? 100 : 10 }))
  const stopped = daysBack(29, 15).map((day) => ({ day, events: 100 }))
  await addCustomers(database, tenant.tenantId, [
    { clientId: 'falling', usage: falling },
    { clientId: 'stopped', usage: stopped },
  ])
  const alerts = async (client_id: string) => {
    const period = { period_start: '2026-10-22', period_end: '2026-11-20' }
    return resultOf(await call(tenant, 'track_usage_engagement', { client_id, ...period }))['alerts']
  }
  expect(await alerts('falling')).toEqual(['Usage down 90 % from the first half of the period to the second'])
  expect(await alerts('stopped')).toEqual(['No use in the last 15 days of the period'])
})
