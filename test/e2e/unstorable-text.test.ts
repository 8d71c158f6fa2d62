import { expect, it } from 'vitest'
import { customerTools, tenantWithCustomers } from '../support/customer-tools.ts'
import { testDatabase } from '../support/database.ts'

const database = await testDatabase()
const call = customerTools()

/** Arguments whose text reaches a statement. JSON allows texts that PostgreSQL cannot store. */
const PLACES: readonly (readonly [string, (text: string) => Record<string, unknown>])[] = [
  ['register_client', (text) => ({ client_name: text })],
  ['register_client', (text) => ({ client_name: 'New', idempotency_key: text })],
  ['update_client_info', (text) => ({ client_id: 'acme', updates: { csm_assigned: text } })],
  ['track_usage_engagement', (text) => ({ client_id: 'acme', event_name: text })],
  ['track_usage_engagement', (text) => ({ client_id: 'acme', event_name: 'login', properties: { user_id: text } })],
  ['track_feature_adoption', (text) => ({ feature_id: text })],
  [
    'manage_lifecycle_stages',
    (text) => ({ client_id: 'acme', action: 'transition', new_stage: 'churned', transition_reason: text }),
  ],
  ['segment_by_value_tier', (text) => ({ segmentation_criteria: { industry: text } })],
  ['analyze_engagement_patterns', (text) => ({ analysis_scope: 'segment', scope_filter: { industry: text } })],
]

it.each(PLACES)('text that PostgreSQL cannot store is an invalid argument of %s', async (name, args) => {
  const tenant = await tenantWithCustomers(database)
  for (const text of ['a\0b', 'a\uD800b']) {
    const outcome = await call(tenant, name, args(text))
    expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'invalid', code: 'INVALID_PARAMETERS' } })
  }
})

it.each([
  ['a number that lost digits', '{"user_id": 1234567890123456781}', 'properties.user_id'],
  ['a field named __proto__', '{"a": [{"__proto__": {"x": 1}}]}', 'properties.a.0.__proto__'],
])('%s is an invalid argument, refused by name', async (_what, properties, path) => {
  const tenant = await tenantWithCustomers(database)
  const args = { client_id: 'acme', event_name: 'login', properties: JSON.parse(properties) as unknown }
  expect(await call(tenant, 'track_usage_engagement', args)).toMatchObject({
    kind: 'failed',
    failure: { kind: 'invalid', problems: [{ path }] },
  })
})
