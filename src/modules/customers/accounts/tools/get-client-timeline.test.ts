import { expect, it } from 'vitest'
import { customerTools, resultOf, scoredTenant, shown } from '../../../../../test/support/customer-tools.ts'
import { addCustomers } from '../../../../../test/support/customer-data.ts'
import { testDatabase } from '../../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'get_client_timeline', { client_id: 'globex' }))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "insights": {
        "key_milestones": [],
        "recent_activity": {
          "last_30_days": 3,
          "last_7_days": 0,
        },
        "trajectory": "not_enough_data",
      },
      "summary": {
        "date_range": {
          "end": "2026-11-20",
          "start": "2026-08-22",
        },
        "event_type_breakdown": {
          "communication": 1,
          "support": 2,
        },
        "overall_sentiment": "negative",
        "returned_events": 3,
        "sentiment": {
          "negative": 2,
          "neutral": 1,
          "positive": 0,
        },
        "total_events": 3,
      },
      "timeline": [
        {
          "category": "ticket_opened",
          "description": "",
          "event_id": "opened_tkt_globex_1",
          "event_type": "support",
          "impact": "neutral",
          "metadata": {
            "category": "performance",
            "priority": "P2",
            "ticket_id": "tkt_globex_1",
          },
          "severity": "medium",
          "timestamp": "2026-11-12T09:00:00.000Z",
          "title": "Ticket opened: Ticket 1",
        },
        {
          "category": "ticket_opened",
          "description": "",
          "event_id": "opened_tkt_globex_0",
          "event_type": "support",
          "impact": "negative",
          "metadata": {
            "category": "performance",
            "priority": "P1",
            "ticket_id": "tkt_globex_0",
          },
          "severity": "high",
          "timestamp": "2026-11-10T09:00:00.000Z",
          "title": "Ticket opened: Ticket 0",
        },
        {
          "category": "survey_answer",
          "description": "",
          "event_id": "answer_ans_globex_0",
          "event_type": "communication",
          "impact": "negative",
          "metadata": {
            "kind": "nps",
            "score": 2,
          },
          "severity": "high",
          "timestamp": "2026-11-05T10:00:00.000Z",
          "title": "NPS answer: 2",
        },
      ],
    }
  `)
})

it('returns only the requested range and types', async () => {
  const tenant = await scoredTenant(database)
  const range = { start_date: '2026-11-11', end_date: '2026-11-20', event_types: ['support'] }
  const result = resultOf(await call(tenant, 'get_client_timeline', { client_id: 'globex', ...range }))
  expect(result).toMatchObject({ summary: { total_events: 1 }, timeline: [{ event_id: 'opened_tkt_globex_1' }] })
})

it('names the milestones of the whole range, not only of the page', async () => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'track_adoption_milestones', { client_id: 'acme' })
  const range = { client_id: 'acme', start_date: '2026-01-01', limit: 1 }
  const result = resultOf(await call(tenant, 'get_client_timeline', range))
  const { key_milestones } = result['insights'] as { key_milestones: string[] }
  expect(result).toMatchObject({ summary: { returned_events: 1 } })
  expect(key_milestones.filter((title) => title.includes('Milestone reached')).length).toBeGreaterThan(1)
})

it('counts a resolved ticket as neutral', async () => {
  const tenant = await scoredTenant(database)
  await addCustomers(database, tenant.tenantId, [
    { clientId: 'helped', tickets: [{ openedAt: '2026-11-10T09:00:00Z', priority: 'P3', status: 'closed' }] },
  ])
  expect(resultOf(await call(tenant, 'get_client_timeline', { client_id: 'helped' }))).toMatchObject({
    summary: { total_events: 2, sentiment: { positive: 0, neutral: 2, negative: 0 } },
  })
})

it.each([
  [{ start_date: '2027-01-01' }, 'start_date'],
  [{ start_date: '2026-11-20', end_date: '2026-11-19' }, 'end_date'],
  [{ end_date: '0000-01-01' }, 'end_date'],
  [{ start_date: '0000-01-01' }, 'start_date'],
  [{ end_date: '9999-12-31' }, 'end_date'],
])('refuses the range %j by naming %s', async (range, path) => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'get_client_timeline', { client_id: 'acme', ...range })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'invalid', problems: [{ path }] } })
})
