import { expect, it } from 'vitest'
import {
  auditActions,
  customerTools,
  resultOf,
  scoredTenant,
  shown,
} from '../../../../../test/support/customer-tools.ts'
import { testDatabase } from '../../../../../test/support/database.ts'
import { afterWaiting } from '../../../../../test/support/race.ts'

const database = await testDatabase()
const call = customerTools()

it('returns this result to a model', async () => {
  const tenant = await scoredTenant(database)
  const result = resultOf(
    await call(tenant, 'update_client_info', {
      client_id: 'acme',
      updates: { tier: 'standard', contract_value: 90_000.5 },
    }),
  )
  expect(shown(result)).toMatchInlineSnapshot(`
    {
      "audit": {
        "fields_changed": 2,
        "previous_values": {
          "contract_value": 120000,
          "tier": "enterprise",
        },
        "updated_at": "2026-11-20T12:00:00.000Z",
      },
      "updated_fields": [
        "tier",
        "contract_value",
      ],
      "updated_record": {
        "churn_probability": 0.027,
        "client_id": "acme",
        "client_name": "Acme",
        "company_name": "Acme",
        "contract_end_date": "2027-06-30",
        "contract_start_date": "2026-01-01",
        "contract_value": 90000.5,
        "created_at": "2026-01-01T00:00:00.000Z",
        "csm_assigned": null,
        "currency": "USD",
        "health_score": 91.8,
        "health_trend": null,
        "industry": "Technology",
        "last_engagement_at": "2026-11-18T12:00:00.000Z",
        "lifecycle_stage": "onboarding",
        "primary_contact_email": null,
        "primary_contact_name": null,
        "renewal_date": "2027-06-30",
        "status": "active",
        "tier": "standard",
        "updated_at": "2026-11-20T12:00:00.000Z",
        "users_provisioned": 10,
        "version": 2,
      },
    }
  `)
  expect(await auditActions(database, tenant)).toContain('customers.update acme')
})

it('clears a contact by null and by an empty text, and refuses to clear a name', async () => {
  const tenant = await scoredTenant(database)
  const update = (updates: Record<string, unknown>) =>
    call(tenant, 'update_client_info', { client_id: 'acme', updates })
  const contact = { primary_contact_name: 'Jo', primary_contact_email: 'jo@acme.example', csm_assigned: 'Al' }
  expect(resultOf(await update(contact))).toMatchObject({ updated_record: contact })
  expect(
    resultOf(await update({ primary_contact_name: '', primary_contact_email: '', csm_assigned: null })),
  ).toMatchObject({
    updated_record: { primary_contact_name: null, primary_contact_email: null, csm_assigned: null },
  })
  expect(await update({ client_name: '' })).toMatchObject({ failure: { problems: [{ path: 'updates.client_name' }] } })
})

it('refuses to overwrite a version that was not read', async () => {
  const tenant = await scoredTenant(database)
  const args = { client_id: 'acme', updates: { csm_assigned: 'Jo' }, expected_version: 1 }
  expect(await call(tenant, 'update_client_info', args)).toMatchObject({ kind: 'done' })
  const outcome = await call(tenant, 'update_client_info', { ...args, updates: { csm_assigned: 'Al' } })
  expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'conflict', code: 'VERSION_CONFLICT' } })
})

it('a churned customer is no longer scored, and is active again when it returns', async () => {
  const tenant = await scoredTenant(database)
  const update = (status: string) => call(tenant, 'update_client_info', { client_id: 'globex', updates: { status } })
  expect(resultOf(await update('churned'))).toMatchObject({
    updated_record: { status: 'churned', lifecycle_stage: 'churned', health_score: null },
  })
  const risky = resultOf(await call(tenant, 'list_clients', { health_score_max: 60 }))
  expect(risky).toMatchObject({ clients: [] })
  expect(resultOf(await update('active'))).toMatchObject({ updated_record: { lifecycle_stage: 'active' } })
})

it('refuses an empty update, and names an unknown field', async () => {
  const tenant = await scoredTenant(database)
  const empty = await call(tenant, 'update_client_info', { client_id: 'acme', updates: {} })
  expect(empty).toMatchObject({ kind: 'failed', failure: { kind: 'invalid', problems: [{ path: 'updates' }] } })
  const unknown = await call(tenant, 'update_client_info', { client_id: 'acme', updates: { health_score: 100 } })
  expect(unknown).toMatchObject({
    kind: 'failed',
    failure: { problems: [{ path: 'updates.health_score' }, { path: 'updates' }] },
  })
})

it('a churned customer has no open risk and no churn probability', async () => {
  const tenant = await scoredTenant(database)
  const state = async () => {
    const { rows } = await database.owner.query<{ open: boolean; probability: boolean }>(
      `select churn_probability is not null as probability, exists (select from customers.risk_indicators r
         where r.tenant_id = c.tenant_id and r.client_id = c.client_id and resolved_at is null) as open
       from customers.customers c where tenant_id = $1 and client_id = 'globex'`,
      [tenant.tenantId],
    )
    return rows
  }
  expect(await state()).toEqual([{ open: true, probability: true }])
  await call(tenant, 'update_client_info', { client_id: 'globex', updates: { status: 'churned' } })
  expect(await state()).toEqual([{ open: false, probability: false }])
})

it('of two writers of one customer the second waits, and starts from the first one’s result', async () => {
  const tenant = await scoredTenant(database)
  const first = {
    sql: `update customers.customers set csm_assigned = 'Al', version = version + 1 where tenant_id = $1 and client_id = 'acme'`,
    values: [tenant.tenantId],
  }
  const args = { client_id: 'acme', updates: { csm_assigned: 'Jo' }, expected_version: 1 }
  const outcome = await afterWaiting(database, first, () => call(tenant, 'update_client_info', args))
  expect(outcome).toMatchObject({ kind: 'failed', failure: { code: 'VERSION_CONFLICT' } })
})
