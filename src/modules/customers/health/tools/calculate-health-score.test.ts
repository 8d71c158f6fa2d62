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
  const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex' }))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "automated_alerts": [
        "critical: Health 29.4 is under 60",
        "critical: Payment overdue for 50 days",
        "high: Renewal in 25 days, not automatic",
        "high: Survey answers average 20 of 100",
        "high: 1 urgent ticket open",
        "high: Usage down 83 % from the preceding period",
      ],
      "churn_prediction": {
        "factors": [
          {
            "factor": "base",
            "log_odds": -2.75,
            "rule": "every customer, before any factor",
          },
          {
            "factor": "health",
            "log_odds": 2.28,
            "rule": "0.05 for every point of health under 75; less above",
          },
          {
            "factor": "usage_decline",
            "log_odds": 1.667,
            "rule": "2 times the share by which usage fell",
          },
          {
            "factor": "payment_overdue",
            "log_odds": 0.7,
            "rule": "0.7 with a payment overdue",
          },
          {
            "factor": "renewal_near",
            "log_odds": 0.6,
            "rule": "0.6 within 90 days of a renewal that is not automatic",
          },
          {
            "factor": "satisfaction_low",
            "log_odds": 0.6,
            "rule": "0.6 with survey answers under 50 of 100",
          },
          {
            "factor": "contact_lost",
            "log_odds": 0.5,
            "rule": "0.5 after 30 days without contact",
          },
          {
            "factor": "tickets_rising",
            "log_odds": 0.4,
            "rule": "0.4 times the rise of support tickets, at most doubled",
          },
        ],
        "model": {
          "kind": "rule",
          "name": "churn-points",
          "version": "2",
        },
        "predicted_churn_date": "2026-12-15",
        "probability": 0.982,
        "risk_level": "high",
        "status": "known",
      },
      "client_id": "globex",
      "component_scores": {
        "engagement": {
          "as_of": "2026-10-01T12:00:00.000Z",
          "contribution": 7.5,
          "source": "contacts: last contact 50 days ago",
          "status": "known",
          "value": 30,
          "weight": 0.25,
        },
        "payment": {
          "as_of": "2026-10-01",
          "contribution": 3,
          "source": "payments and contracts: overdue for 50 days",
          "status": "known",
          "value": 30,
          "weight": 0.1,
        },
        "satisfaction": {
          "as_of": "2026-11-05T10:00:00.000Z",
          "contribution": 3,
          "source": "surveys: 1 answers, each scaled to 0–100",
          "status": "known",
          "value": 20,
          "weight": 0.15,
        },
        "support": {
          "as_of": "2026-11-20T12:00:00.000Z",
          "contribution": 8.1,
          "source": "tickets: 2 open, 1 of them urgent; 2 opened (0 in the window before), 0 escalated",
          "status": "known",
          "value": 54,
          "weight": 0.15,
        },
        "usage": {
          "as_of": "2026-10-26",
          "contribution": 7.81,
          "source": "daily usage: 5 active days, 150 events (900 in the window before), at most 6 people a day of 20 seats",
          "status": "known",
          "value": 22.3,
          "weight": 0.35,
        },
      },
      "contributing_factors": {
        "negative": [
          "usage 22.3",
          "engagement 30",
          "support 54",
          "satisfaction 20",
          "payment 30",
        ],
        "positive": [],
      },
      "current_health_score": 29.4,
      "health_metrics": {
        "as_of": "2026-11-20T12:00:00.000Z",
        "days_until_renewal": 25,
        "lookback_days": 30,
        "scoring_model": "weighted_composite",
        "stored_as_current": true,
      },
      "health_trend": null,
      "historical_scores": [
        {
          "day": "2026-11-20",
          "score": 29.4,
        },
      ],
      "improvement_opportunities": [
        {
          "component": "usage",
          "points_to_gain": 27.2,
        },
        {
          "component": "engagement",
          "points_to_gain": 17.5,
        },
        {
          "component": "satisfaction",
          "points_to_gain": 12,
        },
        {
          "component": "payment",
          "points_to_gain": 7,
        },
        {
          "component": "support",
          "points_to_gain": 6.9,
        },
      ],
      "predicted_scores": {
        "missing": "at least 5 stored scores over 21 days",
        "status": "not_enough_data",
      },
      "recommended_actions": [
        "Open a recovery plan with an owner and a date.",
        "Settle the invoice with their finance contact before any renewal talk.",
        "Start the renewal: confirm the decision maker, the value delivered and the terms.",
        "Answer the unhappy respondents personally.",
        "Escalate the open P0 and P1 tickets and tell the customer the next update time.",
        "Review usage with the champion: which team or feature declined, and why.",
        "Look for one cause behind the new tickets and fix it with support.",
        "Book a check-in with the primary contact.",
      ],
      "risk_indicators": [
        {
          "category": "health",
          "current_value": 29.4,
          "description": "Health 29.4 is under 60",
          "indicator": "health_low",
          "severity": "critical",
          "threshold_value": 60,
        },
        {
          "category": "payment",
          "current_value": 50,
          "description": "Payment overdue for 50 days",
          "indicator": "payment_overdue",
          "severity": "critical",
          "threshold_value": 0,
        },
        {
          "category": "renewal",
          "current_value": 25,
          "description": "Renewal in 25 days, not automatic",
          "indicator": "renewal_near",
          "severity": "high",
          "threshold_value": 90,
        },
        {
          "category": "satisfaction",
          "current_value": 20,
          "description": "Survey answers average 20 of 100",
          "indicator": "satisfaction_low",
          "severity": "high",
          "threshold_value": 50,
        },
        {
          "category": "support",
          "current_value": 1,
          "description": "1 urgent ticket open",
          "indicator": "urgent_tickets_open",
          "severity": "high",
          "threshold_value": 1,
        },
        {
          "category": "usage",
          "current_value": 0.8333333333333334,
          "description": "Usage down 83 % from the preceding period",
          "indicator": "usage_decline",
          "severity": "high",
          "threshold_value": 0.3,
        },
        {
          "category": "support",
          "current_value": 2,
          "description": "Support tickets up 200 %",
          "indicator": "tickets_rising",
          "severity": "medium",
          "threshold_value": 0.5,
        },
        {
          "category": "engagement",
          "current_value": 50,
          "description": "No contact for 50 days",
          "indicator": "contact_lost",
          "severity": "low",
          "threshold_value": 30,
        },
      ],
      "risk_level": "critical",
      "score_change": null,
      "status": "success",
      "weights_renormalised": false,
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.score globex')
})

it('lists the requested alerts', async () => {
  const tenant = await scoredTenant(database)
  const alertsFor = async (alert_preferences: Record<string, unknown>) =>
    resultOf(await call(tenant, 'calculate_health_score', { client_id: 'globex', alert_preferences }))[
      'automated_alerts'
    ] as string[]
  const everything = await alertsFor({ min_severity: 'low' })
  const critical = await alertsFor({ min_severity: 'critical' })
  expect(critical.length).toBeGreaterThan(0)
  expect(critical.every((alert) => alert.startsWith('critical: '))).toBe(true)
  expect(everything.length).toBeGreaterThan(critical.length)
  const payment = await alertsFor({ min_severity: 'low', categories: ['payment'] })
  expect(payment.every((alert) => alert.includes('Payment'))).toBe(true)
})
