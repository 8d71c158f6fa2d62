import { describe, expect, it } from 'vitest'
import { CustomerSettings } from '../settings.ts'
import {
  auditActions,
  customerTools,
  resultOf,
  scoredTenant,
  tenantWithCustomers,
} from '../../../../test/support/customer-tools.ts'
import { addCustomers } from '../../../../test/support/customer-data.ts'
import type { CustomerData } from '../../../../test/support/customer-data.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import { addDays } from '../record/days.ts'
import { recomputeHealth, recomputeHealthHistory, recomputeHealthJob } from './recompute-health.ts'

const database = await testDatabase()
const call = customerTools()
const recompute = recomputeHealth(CustomerSettings.parse({}))

const rowsOf = async (table: string, tenantId: string) => {
  const { rows } = await database.owner.query<Record<string, unknown>>(
    `select * from customers.${table} where tenant_id = $1 order by client_id`,
    [tenantId],
  )
  return rows
}

it('gives every customer the same score as when scored alone', async () => {
  const [together, alone] = [await scoredTenant(database), await tenantWithCustomers(database)]
  for (const client_id of ['acme', 'globex', 'initech', 'hooli'])
    await call(alone, 'calculate_health_score', { client_id })
  const scores = async (tenantId: string) =>
    (await rowsOf('health_scores', tenantId)).map(({ tenant_id: _tenant, ...row }) => row)
  expect(await scores(together.tenantId)).toEqual(await scores(alone.tenantId))
  expect(await scores(together.tenantId)).toHaveLength(3)
})

it('is due for tenants with an active customer that was not scored within half an hour', async () => {
  const [scored, unscored] = [await scoredTenant(database), await tenantWithCustomers(database)]
  const [empty, churned] = [await testTenant(database), await tenantWithCustomers(database)]
  const setAll = (column: string, value: string, { tenantId }: { tenantId: string }) =>
    database.owner.query(`update customers.customers set ${column} = $2 where tenant_id = $1`, [tenantId, value])
  await setAll('lifecycle_stage', 'churned', churned)
  await setAll('health_as_of', TEST_NOW.toISOString(), scored)
  const { due } = recomputeHealthJob(recompute)
  const dueAfter = async (minutes: number) => {
    const now = new Date(TEST_NOW.getTime() + minutes * 60_000)
    const found = typeof due === 'function' ? await due(database.system, now) : []
    const names = { scored, unscored, empty, churned }
    return Object.entries(names).flatMap(([name, { tenantId }]) => (found.includes(tenantId) ? [name] : []))
  }
  expect(await dueAfter(29)).toEqual(['unscored'])
  expect(await dueAfter(60)).toEqual(['scored', 'unscored'])
})

it('changes nothing in a second run within the hour, except for the audit row', async () => {
  const tenant = await scoredTenant(database)
  const tables = ['customers', 'health_scores', 'risk_indicators', 'churn_predictions', 'timeline_events']
  const state = () => Promise.all(tables.map((table) => rowsOf(table, tenant.tenantId)))
  const before = await state()
  expect(await recompute(tenant.ctx())).toEqual({ customers: 4, scored: 3, at_risk: 1 })
  expect(await state()).toEqual(before)
  expect(await auditActions(database, tenant)).toEqual(['customers.recompute-health *', 'customers.recompute-health *'])
})

it('resolves a risk that is gone, and adds recovered customers to the timeline', async () => {
  const tenant = await scoredTenant(database)
  const { tenantId } = tenant
  await database.owner.query(
    `update customers.payments set paid_on = '2026-11-20', status = 'paid' where tenant_id = $1 and client_id = 'globex'`,
    [tenantId],
  )
  await database.owner.query(
    `insert into customers.usage_daily (tenant_id, client_id, day, events, active_users)
     select $1, 'globex', date '2026-11-20' - i, 90, 20 from generate_series(0, 20) i`,
    [tenantId],
  )
  await database.owner.query(
    `update customers.customers set last_engagement_at = '2026-11-20' where tenant_id = $1 and client_id = 'globex'`,
    [tenantId],
  )
  await recompute(tenant.ctx())
  const risks = (await rowsOf('risk_indicators', tenantId)).filter((row) => row['client_id'] === 'globex')
  const resolved = risks.filter((row) => row['resolved_at'] !== null).map((row) => row['indicator_name'])
  expect(resolved.map(String).toSorted()).toEqual(['contact_lost', 'health_low', 'payment_overdue', 'usage_decline'])
  const timeline = resultOf(await call(tenant, 'get_client_timeline', { client_id: 'globex', event_types: ['health'] }))
  expect(timeline).toMatchObject({ timeline: [{ title: 'Health recovered to 60', impact: 'positive' }] })
})

it('invalidates a cached overview at once', async () => {
  const tenant = await tenantWithCustomers(database)
  const overview = async () => JSON.stringify(await call(tenant, 'get_client_overview', { client_id: 'globex' }))
  expect(await overview()).toContain('"health_score":null')
  await recompute(tenant.ctx())
  expect(await overview()).not.toContain('"health_score":null')
})

it('skips churned customers and other tenants', async () => {
  const [tenant, neighbour] = [await tenantWithCustomers(database), await tenantWithCustomers(database)]
  const churn = { client_id: 'globex', action: 'transition', new_stage: 'churned' }
  await call(tenant, 'manage_lifecycle_stages', churn)
  expect(await recompute(tenant.ctx())).toEqual({ customers: 3, scored: 2, at_risk: 0 })
  expect(await rowsOf('health_scores', neighbour.tenantId)).toEqual([])
})

it('is refused without customers:write', async () => {
  const tenant = await testTenant(database)
  await expect(recompute(tenant.ctx({ scopes: ['customers:read'] }))).rejects.toMatchObject({ kind: 'forbidden' })
})

it('scores past weeks once, from the data known by then, with audit rows of the current time', async () => {
  const tenant = await testTenant(database)
  await addCustomers(database, tenant.tenantId, [
    {
      clientId: 'fading',
      lastContactAt: '2026-10-20T12:00:00Z',
      usage: Array.from({ length: 70 }, (_, at) => ({
        day: addDays('2026-11-20', -at),
        events: 2 + at,
        users: ['u1'],
      })),
      tickets: [{ openedAt: '2026-11-15T09:00:00Z', priority: 'P0', status: 'open' }],
      payments: [{ dueOn: '2026-10-10' }],
    },
  ])
  const history = recomputeHealthHistory(CustomerSettings.parse({}))
  await history(tenant.ctx())
  const scores = await rowsOf('health_scores', tenant.tenantId)
  const byDay = new Map(scores.map((score) => [score['day'], score]))
  expect([...byDay.keys()].map(String).toSorted()).toEqual(
    Array.from({ length: 9 }, (_, week) => addDays('2026-11-20', -7 * (8 - week))),
  )
  // The contact, the ticket and the unpaid bill came later than the first weeks.
  expect(byDay.get('2026-09-25')).toMatchObject({ engagement_score: null, support_score: 100, payment_score: null })
  expect(byDay.get('2026-10-16')).toMatchObject({ engagement_score: null, payment_score: 60 })
  expect(byDay.get('2026-11-20')).toMatchObject({ engagement_score: 44.2 })
  const [customer] = await rowsOf('customers', tenant.tenantId)
  expect(customer).toMatchObject({
    health_trend: 'declining',
    health_score: byDay.get('2026-11-20')?.['overall_score'],
  })
  const opened = await rowsOf('risk_indicators', tenant.tenantId)
  const overdue = opened.find((risk) => risk['indicator_name'] === 'payment_overdue')
  expect(overdue?.['detected_at']).toEqual(new Date('2026-10-16T12:00:00Z'))

  const { rows } = await database.owner.query<{ at: Date }>(
    "select distinct at from audit.events where tenant_id = $1 and action = 'customers.recompute-health'",
    [tenant.tenantId],
  )
  expect(rows).toEqual([{ at: tenant.ctx().clock() }])

  const before = await rowsOf('timeline_events', tenant.tenantId)
  await history(tenant.ctx())
  expect(await rowsOf('health_scores', tenant.tenantId)).toEqual(scores)
  expect(await rowsOf('timeline_events', tenant.tenantId)).toEqual(before)
})

it('scores a large first import, and again, within the statement timeout on tables without statistics', async () => {
  const tenant = await testTenant(database)
  await database.owner.query(
    `insert into customers.customers (tenant_id, client_id, client_name, company_name, contract_start_date)
     select $1, 'c' || i, 'c', 'c', '2026-01-01' from generate_series(1, 20000) i`,
    [tenant.tenantId],
  )
  const counts = { customers: 20_000, scored: 0, at_risk: 0 }
  expect(await recompute(tenant.ctx())).toEqual(counts)
  expect(await recompute(tenant.ctx())).toEqual(counts)
}, 60_000)

describe('just below and at each threshold', () => {
  const ago = (days: number) => new Date(TEST_NOW.getTime() - days * 86_400_000).toISOString()
  const usage = (days: number, events: number) => [
    { day: addDays('2026-11-20', -35), events: 100 },
    { day: addDays('2026-11-20', -days), events },
  ]
  const tickets = (opened: number, before: number) =>
    [...Array.from({ length: opened }, () => 5), ...Array.from({ length: before }, () => 40)].map((days) => ({
      openedAt: ago(days),
      priority: 'P3',
      status: 'resolved',
    }))
  /** What is known of a customer, the indicator that is looked at, and its severity. */
  const cases: readonly [Omit<CustomerData, 'clientId'>, string, string | undefined][] = [
    [{ lastContactAt: ago(30) }, 'contact_lost', undefined],
    [{ lastContactAt: ago(31) }, 'contact_lost', 'low'],
    [{ lastContactAt: ago(60) }, 'contact_lost', 'low'],
    [{ lastContactAt: ago(61) }, 'contact_lost', 'medium'],
    [{ lastContactAt: ago(14) }, 'health_low', undefined],
    [{ lastContactAt: ago(15) }, 'health_low', 'high'],
    [{ lastContactAt: ago(36) }, 'health_low', 'high'],
    [{ lastContactAt: ago(37) }, 'health_low', 'critical'],
    [{ payments: [{ dueOn: '2026-11-20' }] }, 'payment_overdue', undefined],
    [{ payments: [{ dueOn: '2026-11-19' }] }, 'payment_overdue', 'high'],
    [{ payments: [{ dueOn: '2026-10-21' }] }, 'payment_overdue', 'high'],
    [{ payments: [{ dueOn: '2026-10-20' }] }, 'payment_overdue', 'critical'],
    [{ renewsOn: '2026-11-19', lastContactAt: ago(14) }, 'renewal_near', undefined],
    [{ renewsOn: '2026-11-20', lastContactAt: ago(14) }, 'renewal_near', 'high'],
    [{ renewsOn: '2026-12-20', lastContactAt: ago(14) }, 'renewal_near', 'high'],
    [{ renewsOn: '2026-12-21', lastContactAt: ago(14) }, 'renewal_near', 'medium'],
    [{ renewsOn: '2027-02-18', lastContactAt: ago(14) }, 'renewal_near', 'medium'],
    [{ renewsOn: '2027-02-18', lastContactAt: ago(7) }, 'renewal_near', 'low'],
    [{ renewsOn: '2027-02-19', lastContactAt: ago(14) }, 'renewal_near', undefined],
    [{ answers: [{ kind: 'nps', score: 5, at: ago(1) }] }, 'satisfaction_low', undefined],
    [{ answers: [{ kind: 'nps', score: 4, at: ago(89) }] }, 'satisfaction_low', 'medium'],
    [{ answers: [{ kind: 'nps', score: 4, at: ago(90) }] }, 'satisfaction_low', undefined],
    [{ answers: [2, 3].map((score) => ({ kind: 'nps', score, at: ago(1) })) }, 'satisfaction_low', 'medium'],
    [{ answers: [{ kind: 'nps', score: 2, at: ago(1) }] }, 'satisfaction_low', 'high'],
    [{ usage: usage(1, 71) }, 'usage_decline', undefined],
    [{ usage: usage(1, 70) }, 'usage_decline', 'medium'],
    [{ usage: usage(1, 41) }, 'usage_decline', 'medium'],
    [{ usage: usage(1, 40) }, 'usage_decline', 'high'],
    [{ usage: usage(29, 50) }, 'usage_stopped', undefined],
    [{ usage: usage(30, 50) }, 'usage_stopped', 'critical'],
    [{ tickets: tickets(3, 2) }, 'tickets_rising', undefined],
    [{ tickets: tickets(4, 2) }, 'tickets_rising', 'medium'],
    [{ tickets: tickets(1, 0) }, 'tickets_rising', undefined],
    [{ tickets: tickets(2, 0) }, 'tickets_rising', 'medium'],
  ]

  it('a risk is raised from the threshold on, with its severity', async () => {
    const tenant = await testTenant(database)
    const customers = cases.map(([data], at) => ({ clientId: `c${at}`, renewsOn: '2028-01-01', ...data }))
    await addCustomers(database, tenant.tenantId, customers)
    await recompute(tenant.ctx())
    const risks = await rowsOf('risk_indicators', tenant.tenantId)
    const raised = cases.map(([data, name], at) => {
      const found = risks.find((risk) => risk['client_id'] === `c${at}` && risk['indicator_name'] === name)
      return [data, name, found?.['severity']]
    })
    expect(raised).toEqual(cases)
  })

  it('a trend needs three points against the newest score that is at least four weeks old', async () => {
    const tenant = await testTenant(database)
    const earlier: Readonly<Record<string, readonly [number, number]>> = {
      up: [28, 57],
      level: [28, 57.1],
      flat: [28, 62.9],
      down: [28, 63],
      none: [6, 40],
      young: [7, 40],
      older: [40, 90],
    }
    const customers = Object.keys(earlier).map((clientId) => ({ clientId, lastContactAt: ago(14) }))
    await addCustomers(database, tenant.tenantId, customers)
    const store = (clientId: string, days: number, score: number) =>
      database.owner.query(
        `insert into customers.health_scores (tenant_id, client_id, scoring_model, day, as_of, lookback_days, overall_score,
           weight_usage, weight_engagement, weight_support, weight_satisfaction, weight_payment, missing)
         values ($1, $2, 'weighted_composite', $3::date, $3::date, 30, $4, 0, 1, 0, 0, 0, '{}')`,
        [tenant.tenantId, clientId, addDays('2026-11-20', -days), score],
      )
    for (const [clientId, [days, score]] of Object.entries(earlier)) await store(clientId, days, score)
    await store('older', 29, 60)
    await store('older', 27, 20)
    await recompute(tenant.ctx())
    const trends = (await rowsOf('customers', tenant.tenantId)).map((row) => [row['client_id'], row['health_trend']])
    expect(Object.fromEntries(trends)).toEqual({
      up: 'improving',
      level: 'stable',
      flat: 'stable',
      down: 'declining',
      none: null,
      young: 'improving',
      older: 'stable',
    })
  })

  it('a late payment counts within the window, a renewal within thirty days', async () => {
    const tenant = await testTenant(database)
    const paid = (dueOn: string, paidOn: string, renewsOn = '2028-01-01') => ({
      payments: [{ dueOn, paidOn }],
      renewsOn,
    })
    const known: Readonly<Record<string, readonly [Omit<CustomerData, 'clientId'>, number]>> = {
      punctual: [paid('2026-11-10', '2026-11-10'), 100],
      late: [paid('2026-11-10', '2026-11-11'), 80],
      lateOnTheFirstDay: [paid('2026-10-01', '2026-10-22'), 80],
      lateBefore: [paid('2026-10-01', '2026-10-21'), 100],
      renewing: [paid('2026-11-10', '2026-11-10', '2026-12-20'), 90],
      renewingLater: [paid('2026-11-10', '2026-11-10', '2026-12-21'), 100],
    }
    const customers = Object.entries(known).map(([clientId, [data]]) => ({ clientId, ...data }))
    await addCustomers(database, tenant.tenantId, customers)
    await recompute(tenant.ctx())
    const scores = (await rowsOf('health_scores', tenant.tenantId)).map((row) => [
      row['client_id'],
      row['payment_score'],
    ])
    expect(Object.fromEntries(scores)).toEqual(
      Object.fromEntries(Object.entries(known).map(([clientId, [, score]]) => [clientId, score])),
    )
  })

  it('churn is predicted for a future renewal, never for a past one', async () => {
    const tenant = await testTenant(database)
    const leaving = { lastContactAt: ago(89), payments: [{ dueOn: '2026-09-01' }] }
    const customers = ['2026-11-19', '2026-11-20', '2026-11-21'].map((renewsOn) => ({
      clientId: renewsOn,
      renewsOn,
      ...leaving,
    }))
    await addCustomers(database, tenant.tenantId, customers)
    await recompute(tenant.ctx())
    const rows = await rowsOf('churn_predictions', tenant.tenantId)
    expect(rows.map((row) => [row['client_id'], row['predicted_churn_date']])).toEqual([
      ['2026-11-19', null],
      ['2026-11-20', '2026-11-20'],
      ['2026-11-21', '2026-11-21'],
    ])
  })
})
