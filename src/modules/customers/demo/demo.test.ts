import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import type { TestTenant } from '../../../../test/support/tenant.ts'
import { rejectedCount } from '../import/report.ts'
import { createDemo } from './create-demo.ts'

const database = await testDatabase()
/** The tenant that the first test has filled. */
let filled: TestTenant

describe('the demo company', () => {
  it('is loaded without a rejected row, the same for the same seed, and once even if repeated', {
    timeout: 60_000,
  }, async () => {
    const tenant = await testTenant(database)
    filled = tenant
    let scored = 0
    const create = createDemo(async () => scored++)
    const report = await create(tenant.ctx(), { seed: 7 })
    expect(report.steps.map((step) => [step.entity, rejectedCount(step)])).toEqual([
      ['customer', 0],
      ['contact', 0],
      ['contract', 0],
      ['payment', 0],
      ['ticket', 0],
      ['survey_answer', 0],
      ['timeline_event', 0],
      ['usage_event', 0],
    ])
    expect(report.steps[0]?.inserted).toBe(200)
    expect(scored).toBe(1)

    const again = await create(tenant.ctx(), { seed: 7 })
    expect(again.steps.map(({ inserted }) => inserted)).toEqual([0, 0, 0, 0, 0, 0, 0, 0])

    const { rows } = await database.owner.query(
      `select (select sum(quantity)::int from customers.usage_events where tenant_id = $1) as events,
              (select sum(events)::int from customers.usage_daily where tenant_id = $1) as rolled_up,
              (select count(*)::int from customers.usage_dirty where tenant_id = $1) as dirty,
              (select max(occurred_at) <= now() from customers.usage_events where tenant_id = $1) as is_past`,
      [tenant.tenantId],
    )
    expect(rows[0]).toMatchObject({ rolled_up: rows[0]?.events, dirty: 0, is_past: true })
  })

  it('is believable: seats, prices, contacts, payments and industries fit, and every decline has a reason', async () => {
    const { tenantId } = filled
    const { rows } = await database.owner.query(
      `with c as (select * from customers.customers where tenant_id = $1)
       select
         (select bool_and(contract_value_cents / 100.0 / (fee + seats * price) between 0.84 and 1.0001)
          from c join (values ('starter', 0, 480), ('standard', 9000, 900), ('professional', 45000, 1500), ('enterprise', 180000, 2400))
            as p(tier, fee, price)
            using (tier)) as prices_fit,
         (select bool_and(seats >= (select count(distinct user_id) from customers.usage_events e
            where e.tenant_id = $1 and e.client_id = c.client_id)) from c) as seats_suffice,
         (select bool_and(c.contract_value_cents = k.contract_value_cents and c.seats = k.included_users)
          from c join customers.contracts k using (tenant_id, client_id)) as contracts_agree,
         (select count(*) from c where client_name ~ 'Bank$' and industry <> 'Financial Services') as odd_banks,
         (select count(distinct industry) > 8 from c) as industries_vary,
         (select count(*) from c where last_engagement_at is distinct from (
            select max(occurred_at) from customers.timeline_events t
            where t.tenant_id = $1 and t.client_id = c.client_id and t.category = 'call')) as calls_disagree,
         (select count(*) from customers.contacts p where p.tenant_id = $1 and p.last_contacted_at is distinct from (
            select max(occurred_at) from customers.timeline_events t
            where t.tenant_id = $1 and t.client_id = p.client_id and t.category = 'call'
              and t.title like '% spoke with ' || p.name)) as contacts_disagree,
         (select array_agg(distinct status order by status) from customers.payments where tenant_id = $1) as payments,
         (select count(distinct paid_on - due_on) > 12 from customers.payments where tenant_id = $1) as habits_vary,
         (select count(*) from c where lifecycle_stage = 'churned' and not exists (
            select from customers.timeline_events t where t.tenant_id = $1 and t.client_id = c.client_id
              and t.category = 'churn')) as unexplained`,
      [tenantId],
    )
    expect(rows[0]).toEqual({
      prices_fit: true,
      seats_suffice: true,
      contracts_agree: true,
      odd_banks: 0,
      industries_vary: true,
      calls_disagree: 0,
      contacts_disagree: 0,
      payments: ['failed', 'paid', 'pending', 'refunded'],
      habits_vary: true,
      unexplained: 0,
    })
  })
})
