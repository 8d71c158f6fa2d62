import { expect, it } from 'vitest'
import { customerTools, tenantWithCustomers } from '../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../test/support/database.ts'

const database = await testDatabase()
const call = customerTools()

it.each([
  ['segment_customers', { segmentation_type: 'industry', criteria: {}, min_segment_size: 1 }],
  ['segment_by_value_tier', { segmentation_criteria: {} }],
])('%s called concurrently puts every customer in one segment, once', async (name, args) => {
  const tenant = await tenantWithCustomers(database)
  const outcomes = await Promise.all(Array.from({ length: 16 }, () => call(tenant, name, args)))
  expect(outcomes.map(({ kind }) => kind)).toEqual(Array.from({ length: 16 }, () => 'done'))
  const { rows } = await database.owner.query<{ n: number }>(
    'select count(*)::int as n from customers.segment_members where tenant_id = $1',
    [tenant.tenantId],
  )
  expect(rows).toEqual([{ n: 4 }])
})
