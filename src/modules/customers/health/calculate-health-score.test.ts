import { expect, it } from 'vitest'
import { CustomerSettings } from '#kernel/config/customers'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { resultOf, toolCaller } from '../../../../test/support/tool-caller.ts'
import { registerClientTool } from '../accounts/tools/register-client.ts'
import { calculateHealthScore } from './calculate-health-score.ts'
import { calculateHealthScoreTool } from './tools/calculate-health-score.ts'

const database = await testDatabase()
const call = toolCaller([
  registerClientTool,
  calculateHealthScoreTool(calculateHealthScore(CustomerSettings.parse({}))),
])

it('a customer without any data is told apart from a sick one', async () => {
  const tenant = await testTenant(database)
  console.log(
    JSON.stringify(
      resultOf(
        await call(tenant, 'register_client', {
          client_id: 'cs_test_smoketest',
          client_name: 'Test Company',
          industry: 'Technology',
        }),
      ),
      null,
      1,
    ),
  )
  const result = resultOf(await call(tenant, 'calculate_health_score', { client_id: 'cs_test_smoketest' }))
  console.log(JSON.stringify(result, null, 1))
  expect(result['status']).toBe('not_enough_data')
})
