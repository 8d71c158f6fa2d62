import { expect, it } from 'vitest'
import { customerTools, resultOf, scoredTenant, shown } from '../../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(await call(tenant, 'get_client_overview', { client_id: 'globex' }))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "client_overview": {
        "communication": {
          "last_event": null,
          "last_event_at": null,
        },
        "engagement": {
          "champions": 0,
          "contacts": 0,
          "days_since_contact": 50,
          "last_contact_at": "2026-10-01T12:00:00.000Z",
        },
        "identity": {
          "client_id": "globex",
          "client_name": "Globex",
          "company_name": "Globex",
          "csm_assigned": null,
          "customer_since": "2026-01-01",
          "industry": "Energy",
          "lifecycle_stage": "onboarding",
          "primary_contact_email": null,
          "primary_contact_name": null,
          "status": "active",
          "tier": "professional",
          "version": 1,
        },
        "onboarding": {
          "last_milestone": null,
          "milestones_reached": 0,
        },
        "opportunities": [],
        "product_usage": {
          "active_days_last_30": 5,
          "events_30_days_before": 900,
          "events_last_30_days": 150,
          "last_used_on": "2026-10-26",
          "most_users_in_a_day": 6,
          "users_provisioned": 20,
        },
        "recent_activity": [],
        "revenue": {
          "amount_overdue": 1000,
          "auto_renew": null,
          "contract_end_date": "2026-12-15",
          "contract_value": 60000,
          "currency": "USD",
          "days_until_renewal": 25,
          "is_high_value": true,
          "payments_overdue": 1,
          "renewal_date": "2026-12-15",
        },
        "risks": [
          {
            "description": "Health 29.4 is under 60",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "health_low",
            "severity": "critical",
          },
          {
            "description": "Payment overdue for 50 days",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "payment_overdue",
            "severity": "critical",
          },
          {
            "description": "Renewal in 25 days, not automatic",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "renewal_near",
            "severity": "high",
          },
          {
            "description": "Survey answers average 20 of 100",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "satisfaction_low",
            "severity": "high",
          },
          {
            "description": "1 urgent ticket open",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "urgent_tickets_open",
            "severity": "high",
          },
          {
            "description": "Usage down 83 % from the preceding period",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "usage_decline",
            "severity": "high",
          },
          {
            "description": "Support tickets up 200 %",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "tickets_rising",
            "severity": "medium",
          },
          {
            "description": "No contact for 50 days",
            "detected_at": "2026-11-20T12:00:00.000Z",
            "indicator": "contact_lost",
            "severity": "low",
          },
        ],
        "support": {
          "open_tickets": 2,
          "opened_last_30_days": 2,
          "satisfaction_percent": 20,
          "survey_answers": 1,
          "urgent_open": 1,
        },
      },
      "health_components": {
        "engagement": {
          "score": 30,
          "status": "known",
          "weight": 0.25,
        },
        "payment": {
          "score": 30,
          "status": "known",
          "weight": 0.1,
        },
        "satisfaction": {
          "score": 20,
          "status": "known",
          "weight": 0.15,
        },
        "support": {
          "score": 54,
          "status": "known",
          "weight": 0.15,
        },
        "usage": {
          "score": 22.3,
          "status": "known",
          "weight": 0.35,
        },
      },
      "insights": {
        "attention_areas": [
          "Health 29.4 is under 60",
          "Payment overdue for 50 days",
          "Renewal in 25 days, not automatic",
          "Survey answers average 20 of 100",
          "1 urgent ticket open",
          "Usage down 83 % from the preceding period",
          "Support tickets up 200 %",
          "No contact for 50 days",
        ],
        "churn_probability": 0.982,
        "health_as_of": "2026-11-20T12:00:00.000Z",
        "health_score": 29.4,
        "health_trend": null,
        "key_strengths": [],
        "overall_status": "critical",
        "recommended_actions": [
          "Open a recovery plan with an owner and a date.",
          "Settle the invoice with their finance contact before any renewal talk.",
          "Start the renewal: confirm the decision maker, the value delivered and the terms.",
          "Answer the unhappy respondents personally.",
          "Escalate the open P0 and P1 tickets and tell the customer the next update time.",
        ],
      },
    }
  `)
})

it('shows a change at once although the overview is cached', async () => {
  const tenant = await scoredTenant(database)
  await call(tenant, 'get_client_overview', { client_id: 'acme' })
  await call(tenant, 'update_client_info', { client_id: 'acme', updates: { csm_assigned: 'Jo' } })
  const overview = resultOf(await call(tenant, 'get_client_overview', { client_id: 'acme' }))
  expect(overview).toMatchObject({ client_overview: { identity: { csm_assigned: 'Jo' } } })
})
