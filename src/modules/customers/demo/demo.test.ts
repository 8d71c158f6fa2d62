import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { rejectedCount } from '../import/report.ts'
import { createDemo } from './create-demo.ts'

const database = await testDatabase()

describe('the demo company', () => {
  it('is loaded without a rejected row, the same for the same seed, and once even if repeated', {
    timeout: 60_000,
  }, async () => {
    const tenant = await testTenant(database)
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
})
