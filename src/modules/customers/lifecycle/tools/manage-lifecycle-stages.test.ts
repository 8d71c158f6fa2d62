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
  const result = resultOf(await call(tenant, 'manage_lifecycle_stages', {}))
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "action": "get_stage",
      "automation_rules": [
        {
          "from": "any but prospect, trial",
          "to": "at_risk",
          "when": "health under 60",
        },
        {
          "from": "at_risk",
          "to": "active",
          "when": "health from 75",
        },
        {
          "from": "onboarding",
          "to": "active",
          "when": "90 days since the contract began and health from 60",
        },
        {
          "from": "active, engaged",
          "to": "renewal",
          "when": "renewal within 90 days and health from 60",
        },
      ],
      "stage_distribution": [
        {
          "at_risk": 1,
          "average_health": 62.4,
          "customers": 4,
          "median_days_in_stage": null,
          "stage": "onboarding",
        },
      ],
      "suggested_moves": [
        {
          "because": "health 29.4 is under 60",
          "client_id": "globex",
          "from": "onboarding",
          "to": "at_risk",
        },
        {
          "because": "323 days since the contract began",
          "client_id": "initech",
          "from": "onboarding",
          "to": "active",
        },
        {
          "because": "323 days since the contract began",
          "client_id": "acme",
          "from": "onboarding",
          "to": "active",
        },
      ],
      "suggested_total": 3,
      "transitions": [],
    }
  `)
})

it('moves a customer, stores the reason, and audits it', async () => {
  const tenant = await scoredTenant(database)
  const move = { action: 'transition', new_stage: 'renewing', transition_reason: 'Talks began' }
  const moved = resultOf(await call(tenant, 'manage_lifecycle_stages', { client_id: 'acme', ...move }))
  expect(moved).toMatchObject({ moved: { from: 'onboarding', to: 'renewal' }, client: { stage: 'renewal' } })
  const { history } = resultOf(
    await call(tenant, 'manage_lifecycle_stages', { client_id: 'acme', action: 'get_history' }),
  )
  expect(history).toMatchObject([{ from: 'onboarding', to: 'renewal', reason: 'Talks began', by: 'key:key_test' }])
  expect(await auditActions(database, tenant)).toContain('customers.move-stage acme')
  expect(tenant.published).toContainEqual({
    name: 'customers.stage-changed',
    payload: { client_id: 'acme', from: 'onboarding', to: 'renewal', notify_team: true },
  })
})

it('refuses a move from a stage the customer is not in', async () => {
  const tenant = await scoredTenant(database)
  const move = { action: 'transition', current_stage: 'active', new_stage: 'at_risk' }
  const outcome = await call(tenant, 'manage_lifecycle_stages', { client_id: 'acme', ...move })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'STAGE_CONFLICT' } })
})

it.each([
  [{ action: 'transition', new_stage: 'active' }, 'client_id'],
  [{ action: 'update_stage', client_id: 'acme' }, 'new_stage'],
  [{ client_id: 'acme', new_stage: 'active' }, 'new_stage'],
])('refuses %j by naming %s', async (args, path) => {
  const tenant = await scoredTenant(database)
  const outcome = await call(tenant, 'manage_lifecycle_stages', args)
  expect(outcome).toMatchObject({ kind: 'failed', failure: { problems: [{ path }] } })
})

it('says that a move was published, and that no channel notifies anybody', async () => {
  const tenant = await scoredTenant(database)
  const move = { action: 'transition', client_id: 'acme', new_stage: 'active' }
  expect(resultOf(await call(tenant, 'manage_lifecycle_stages', move))).toMatchObject({
    notification: {
      status: 'published',
      event: 'customers.stage-changed',
      told: 'subscribers of the event; no mail or chat channel is connected',
    },
  })
  const again = resultOf(await call(tenant, 'manage_lifecycle_stages', move))
  expect(again).toMatchObject({ unchanged: 'active', notification: { status: 'no_change' } })
  expect(again).not.toHaveProperty('moved')
  const quiet = { ...move, new_stage: 'engaged', notify_team: false }
  expect(resultOf(await call(tenant, 'manage_lifecycle_stages', quiet))).toMatchObject({
    notification: { status: 'not_asked' },
  })
})

it('lists the rules behind its suggestions, unless turned off', async () => {
  const tenant = await scoredTenant(database)
  const { automation_rules } = resultOf(await call(tenant, 'manage_lifecycle_stages', { client_id: 'acme' }))
  expect(automation_rules).toContainEqual({
    from: 'any but prospect, trial',
    to: 'at_risk',
    when: 'health under 60',
  })
  const without = resultOf(await call(tenant, 'manage_lifecycle_stages', { automation_rules: false }))
  expect(without).not.toHaveProperty('automation_rules')
})

it('shows stages and history to a read-only key', async () => {
  const tenant = await scoredTenant(database)
  const scopes = ['customers:read'] as const
  expect(resultOf(await call(tenant, 'manage_lifecycle_stages', { client_id: 'acme' }, { scopes }))).toMatchObject({
    client: { stage: 'onboarding' },
  })
  const history = { client_id: 'acme', action: 'get_history' }
  expect(resultOf(await call(tenant, 'manage_lifecycle_stages', history, { scopes }))).toHaveProperty('history')
})
